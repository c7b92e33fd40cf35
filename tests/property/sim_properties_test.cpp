// Properties of the sim floor that must hold for every input, over generated ones.
#include <rapidcheck.h>

#include <algorithm>
#include <set>
#include <vector>

#include "sim/config/units.hpp"
#include "sim/core/draw.hpp"
#include "sim/graph/digraph.hpp"
#include "sim/stats/statistics.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::sim_properties_test {
namespace {

// Any magnitude alike: small values and values near the limit both occur often.
std::int64_t any_up_to(std::int64_t most) {
  const int shift = *rc::gen::inRange(0, 62);
  const std::int64_t top = std::max<std::int64_t>(most >> shift, 1);
  return *rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, top), rc::gen::just(top),
                         rc::gen::map(rc::gen::inRange<std::int64_t>(0, 1000), [most](std::int64_t thousands) {
                           return std::min(most, thousands * 1'000'000);  // round values, which shorten
                         }));
}

TEST_CASE("every time, size and rate parses back from its text", "[sim][units][property]") {
  constexpr std::int64_t hundred_years_ns = std::int64_t{876'000} * 3'600'000'000'000;
  REQUIRE(rc::check("durations", [] {
    const Duration d{any_up_to(hundred_years_ns)};
    RC_ASSERT(std::get<Duration>(parse_duration(to_text(d))) == d);
    RC_ASSERT(to_text(d).size() <= std::to_string(d.count()).size() + 2);  // never longer than in ns
  }));
  REQUIRE(rc::check("bytes", [] {
    const Bytes b{any_up_to(std::int64_t{1} << 60)};
    RC_ASSERT(std::get<Bytes>(parse_bytes(to_text(b))) == b);
    RC_ASSERT(to_text(b).size() <= std::to_string(b.value).size() + 1);
  }));
  REQUIRE(rc::check("rates", [] {
    const Bandwidth b{any_up_to(std::int64_t{1} << 60)};
    RC_ASSERT(std::get<Bandwidth>(parse_bandwidth(to_text(b))) == b);
  }));
}

TEST_CASE("any text is either a value or one printable line", "[sim][units][property]") {
  REQUIRE(rc::check([](const std::string& text) {
    const auto parsed = parse_duration(text);
    if (const auto* error = std::get_if<std::string>(&parsed)) {
      RC_ASSERT(!error->empty());
      RC_ASSERT(
          std::all_of(error->begin(), error->end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20; }));
    }
  }));
  // Texts that are nearly right reach further into the parser than random ones.
  REQUIRE(rc::check([] {
    const auto text =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123456789..nmushi-+eE xBKMGT/")));
    const auto parsed = parse_bandwidth(text + *rc::gen::element<std::string>("", "B/s", "MiB/s", " GB/s"));
    if (const auto* rate = std::get_if<Bandwidth>(&parsed)) RC_ASSERT(rate->bytes_per_second >= 0);
  }));
}

struct AnyGraph {
  std::size_t vertices;
  std::vector<std::pair<Digraph::Vertex, Digraph::Vertex>> edges;

  Digraph digraph() const {
    Digraph graph(vertices);
    for (const auto& [from, to] : edges) graph.add_edge(from, to);
    return graph;
  }
  bool has_edge(Digraph::Vertex from, Digraph::Vertex to) const {
    return std::find(edges.begin(), edges.end(), std::pair{from, to}) != edges.end();
  }
};

AnyGraph any_graph(bool acyclic) {
  const auto vertices = *rc::gen::inRange<std::size_t>(1, 9);
  const auto vertex = rc::gen::inRange<Digraph::Vertex>(0, static_cast<Digraph::Vertex>(vertices));
  AnyGraph graph{vertices, *rc::gen::container<std::vector<std::pair<Digraph::Vertex, Digraph::Vertex>>>(
                               rc::gen::pair(vertex, vertex))};
  if (!acyclic) return graph;
  // Turning every edge to climb in a shuffled order leaves no cycle and no favoured numbering.
  std::vector<Digraph::Vertex> place(vertices);
  for (std::size_t v = 0; v < vertices; ++v) place[v] = static_cast<Digraph::Vertex>(v * 5 % vertices);
  std::erase_if(graph.edges, [](const auto& edge) { return edge.first == edge.second; });
  for (auto& [from, to] : graph.edges) {
    if (std::pair{place[from], from} > std::pair{place[to], to}) std::swap(from, to);
  }
  return graph;
}

TEST_CASE("a topological order is a valid one, and the smallest", "[sim][graph][property]") {
  REQUIRE(rc::check([] {
    const AnyGraph any = any_graph(true);
    const auto order = any.digraph().topological_order();
    RC_ASSERT(order.has_value());
    RC_ASSERT(std::set<Digraph::Vertex>(order->begin(), order->end()).size() == any.vertices);
    // Step by step, the naive rule: the smallest vertex not yet placed whose predecessors all are.
    std::vector<bool> placed(any.vertices);
    for (const Digraph::Vertex next : *order) {
      const auto ready = [&](Digraph::Vertex v) {
        return !placed[v] && std::all_of(any.edges.begin(), any.edges.end(),
                                         [&](const auto& edge) { return edge.second != v || placed[edge.first]; });
      };
      Digraph::Vertex smallest = 0;
      while (!ready(smallest)) ++smallest;
      RC_ASSERT(next == smallest);
      placed[next] = true;
    }
  }));
}

TEST_CASE("a graph has an order or a cycle, never both", "[sim][graph][property]") {
  REQUIRE(rc::check([] {
    const AnyGraph any = any_graph(false);
    const auto cycle = any.digraph().find_cycle();
    RC_ASSERT(any.digraph().topological_order().has_value() == cycle.empty());
    for (std::size_t i = 0; i < cycle.size(); ++i) RC_ASSERT(any.has_edge(cycle[i], cycle[(i + 1) % cycle.size()]));
    if (!cycle.empty()) RC_ASSERT(*std::min_element(cycle.begin(), cycle.end()) == cycle.front());
    RC_ASSERT(std::set<Digraph::Vertex>(cycle.begin(), cycle.end()).size() == cycle.size());
  }));
}

std::int64_t heaviest_from(const AnyGraph& any, const std::vector<std::int64_t>& weight, Digraph::Vertex v) {
  std::int64_t rest = 0;
  for (const auto& [from, to] : any.edges) {
    if (from == v) rest = std::max(rest, heaviest_from(any, weight, to));
  }
  return weight[v] + rest;
}

TEST_CASE("the critical path is a path, and no other is longer", "[sim][graph][property]") {
  REQUIRE(rc::check([] {
    AnyGraph any = any_graph(true);
    if (any.edges.size() > 12) any.edges.resize(12);  // the naive search walks every path
    const auto weight =
        *rc::gen::container<std::vector<std::int64_t>>(any.vertices, rc::gen::inRange<std::int64_t>(0, 9));
    const Digraph::Path path = any.digraph().critical_path(weight);
    std::int64_t longest = 0;
    for (std::size_t v = 0; v < any.vertices; ++v) {
      longest = std::max(longest, heaviest_from(any, weight, static_cast<Digraph::Vertex>(v)));
    }
    RC_ASSERT(path.length == longest);
    std::int64_t along = 0;
    for (std::size_t i = 0; i < path.vertices.size(); ++i) {
      along += weight[path.vertices[i]];
      if (i > 0) RC_ASSERT(any.has_edge(path.vertices[i - 1], path.vertices[i]));
    }
    RC_ASSERT(along == path.length);
  }));
}

TEST_CASE("a quantile is the smallest value that enough observations do not exceed", "[sim][stats][property]") {
  REQUIRE(rc::check([](const std::vector<std::int16_t>& values, const std::vector<std::int16_t>& censored) {
    const std::int64_t p = *rc::gen::inRange<std::int64_t>(1, 951);
    Samples samples;
    for (const auto value : values) samples.add(value);
    for (const auto value : censored) samples.add_censored(value);
    const auto observations = static_cast<std::int64_t>(values.size() + censored.size());
    std::optional<std::int64_t> naive;
    for (const auto candidate : values) {
      const auto covered =
          std::count_if(values.begin(), values.end(), [&](auto value) { return value <= candidate; });
      if (covered * 1000 >= p * observations && (!naive || candidate < *naive)) naive = candidate;
    }
    RC_ASSERT(samples.quantile_permille(p) == naive);
  }));
}

TEST_CASE("a draw does not know what was drawn before it", "[sim][draw][property]") {
  REQUIRE(rc::check([](std::uint64_t seed, std::uint32_t replication) {
    const std::vector<Distribution> distributions{ExponentialDuration{Duration{1'000'000}},
                                                  LognormalDuration{Duration{1'000'000}, 0.7},
                                                  EmpiricalDuration{{Duration{1}, Duration{2}, Duration{3}}}};
    struct Asked {
      DrawPoint point;
      std::size_t distribution;
      Duration answer;
    };
    const Draws draws(seed, replication);
    std::vector<Asked> asked;
    const int count = *rc::gen::inRange(1, 20);
    for (int i = 0; i < count; ++i) {
      const DrawPoint point{*rc::gen::inRange<std::uint32_t>(0, 4), *rc::gen::arbitrary<std::uint32_t>(),
                            *rc::gen::arbitrary<std::uint64_t>()};
      const auto which = *rc::gen::inRange<std::size_t>(0, distributions.size());
      asked.push_back({point, which, draws.sample(distributions[which], point)});
    }
    std::reverse(asked.begin(), asked.end());
    const Draws again(seed, replication);
    for (const Asked& a : asked) RC_ASSERT(again.sample(distributions[a.distribution], a.point) == a.answer);
  }));
}

TEST_CASE("a uniform draw is strictly between zero and one", "[sim][draw][property]") {
  REQUIRE(rc::check([](std::uint64_t seed, std::uint32_t replication, std::uint32_t purpose, std::uint32_t entity,
                       std::uint64_t ordinal) {
    const double u = Draws(seed, replication).uniform({purpose, entity, ordinal});
    RC_ASSERT(u > 0.0);
    RC_ASSERT(u < 1.0);
  }));
}

}  // namespace
}  // namespace userqsim::sim_properties_test
