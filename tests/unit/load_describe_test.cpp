// The reader, the writer and the schema generator over a field list that uses everything a field list can say.
#include <map>

#include "scenarios/load/reader.hpp"
#include "scenarios/load/scenario.hpp"
#include "scenarios/load/schema.hpp"
#include "scenarios/load/writer.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::load_describe_test {

struct Inner {
  Duration wait{1000};
  bool on = true;
};
struct Outer {
  std::int8_t small = 3;
  double factor = 0.1;
  std::optional<Bytes> size;
  std::vector<Distribution> times;
  std::map<std::string, Inner> by_name;
  Arrival arrival = PoissonArrival{Duration{5}};
  Inner inner;
};

template <class V>
void describe(V& v, Inner& i) {
  v.required("wait", i.wait, "A time", within(1'000, 1'000'000));
  v.optional("on", i.on, "A switch");
}
template <class V>
void describe(V& v, Outer& o) {
  v.optional("small", o.small, "A number in eight bits");
  v.required("factor", o.factor, "A factor");
  v.optional("size", o.size, "A size");
  v.optional("times", o.times, "Times");
  v.optional("by_name", o.by_name, "Free keys");
  v.optional("arrival", o.arrival, "An arrival");
  v.partial("inner", o.inner, "Values in place of others");
}

namespace {

Outer read(const std::string& text) {
  Outer outer;
  read_document(parse_json(text, "t.json"), Place{"t.json", {}}, outer);
  return outer;
}

std::string error_of(const std::string& text) {
  try {
    read(text);
    return "(accepted)";
  } catch (const InputError& error) {
    return error.what();
  }
}

TEST_CASE("what is written reads back to the same", "[load]") {
  Outer outer = read(R"({"factor": 0.30000000000000004, "small": 1e2, "size": "1.5KiB",
    "times": ["1ms", {"dist": "empirical", "values": ["1ns", "2ns"]}, {"dist": "lognormal", "mean": "1s", "sigma": 0.1}],
    "by_name": {"b/~": {"wait": "2us"}, "a": {"wait": "3us", "on": false}, "x-note": 5},
    "arrival": {"closed": {"clients": 4, "think": {"dist": "exponential", "mean": "1ms"}}},
    "inner": {"on": false}})");
  CHECK(outer.small == 100);
  CHECK(outer.size->value == 1536);
  CHECK(outer.by_name.size() == 2);
  CHECK(outer.inner.wait == Duration{1000});
  const std::string text = json_of_value(outer).dump();
  CHECK(text ==
        R"({"small":100,"factor":0.30000000000000004,"size":"1536B","times":["1ms",{"dist":"empirical","values":)"
        R"(["1ns","2ns"]},{"dist":"lognormal","mean":"1s","sigma":0.1}],"by_name":{"a":{"wait":"3us","on":false},)"
        R"("b/~":{"wait":"2us","on":true}},"arrival":{"closed":{"clients":4,"think":{"dist":"exponential","mean":)"
        R"("1ms"}}},"inner":{"wait":"1us","on":false}})");
  Outer again = read(text);
  CHECK(json_of_value(again).dump() == text);
}

TEST_CASE("each kind of member says what it wants", "[load]") {
  CHECK(error_of("{}") == "t.json: the key \"factor\" is missing (A factor)");
  CHECK(error_of(R"({"factor": "1"})") == "t.json: /factor: expected a number, found the text \"1\"");
  CHECK(error_of(R"({"factor": 1, "small": 128})") == "t.json: /small: 128 is out of range; allowed: 0 to 127");
  CHECK(error_of(R"({"factor": 1, "by_name": []})") == "t.json: /by_name: expected an object, found an array");
  CHECK(error_of(R"({"factor": 1, "by_name": {"b/~": {}}})") ==
        "t.json: /by_name/b~1~0: the key \"wait\" is missing (A time)");
  CHECK(error_of(R"({"factor": 1, "times": ["1ms", 5]})").rfind("t.json: /times/1: expected a time as text", 0) ==
        0);
  CHECK(error_of(R"({"factor": 1, "inner": {"wait": "2ms"}})") ==
        "t.json: /inner/wait: 2ms is out of range; allowed: 1us to 1ms");
  CHECK(error_of(R"({"factor": 1, "size": null})").rfind("t.json: /size: expected a size as text", 0) == 0);
}

TEST_CASE("the schema says the same", "[load]") {
  Outer outer;
  const Json schema = schema_of(Fill::complete, {}, outer);
  CHECK(schema["required"] == Json::array({"factor"}));
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["properties"]["small"]["maximum"] == 127);
  CHECK(schema["properties"]["small"]["default"] == 3);
  CHECK(schema["properties"]["by_name"]["additionalProperties"]["required"] == Json::array({"wait"}));
  CHECK(!schema["properties"]["inner"].contains("required"));  // partial
  CHECK(schema["properties"]["arrival"]["oneOf"].size() == 4);
}

}  // namespace
}  // namespace userqsim::load_describe_test
