#include "scenarios/load/replay_lines.hpp"

#include <fmt/format.h>

#include <iterator>
#include <limits>
#include <vector>

#include "scenarios/load/json_text.hpp"
#include "scenarios/load/reader.hpp"

namespace userqsim {
namespace {

// The keys beside "op".
std::vector<std::string> keys_of(ReplayOpKind kind) {
  switch (kind) {
    case ReplayOpKind::create:
      return {"process", "type"};
    case ReplayOpKind::evict:
    case ReplayOpKind::restore:
    case ReplayOpKind::exit:
      return {"process"};
    case ReplayOpKind::destroy:
    case ReplayOpKind::hang:
    case ReplayOpKind::va_gone:
      return {"queue"};
    case ReplayOpKind::suspend:
      return {"s0ix"};
    case ReplayOpKind::post_reset:
      return {"vram_lost"};
    case ReplayOpKind::fail:
      return {"nth_mes_call"};
    case ReplayOpKind::resume:
    case ReplayOpKind::isolation_stop:
    case ReplayOpKind::isolation_start:
    case ReplayOpKind::pre_reset:
      break;
  }
  return {};
}

std::string_view doc_of(const std::string& key) {
  if (key == "process") return "number of the process, from 0";
  if (key == "type") return "gfx, compute or sdma";
  if (key == "queue") return "number of the queue, in order of creation from 0";
  if (key == "s0ix") return "true for s0ix, false for S3";
  if (key == "vram_lost") return "true when the reset lost VRAM";
  return "which of the MES calls from here on fails, from 1";
}

void read_key(const Json& json, const Place& place, const std::string& key, ReplayOp& op) {
  const auto found = json.find(key);
  if (found == json.end()) fail_missing(place, key, doc_of(key));
  const Place at = place.at(key);
  constexpr std::int64_t most_ids = std::numeric_limits<std::uint32_t>::max() - 1;
  if (key == "process") {
    op.process = ProcessId{static_cast<std::uint32_t>(require_integer(*found, at, within(0, most_ids)))};
  } else if (key == "queue") {
    op.queue = QueueId{static_cast<std::uint32_t>(require_integer(*found, at, within(0, most_ids)))};
  } else if (key == "type") {
    op.type = EnumNames<QueueType>::entries[require_name(*found, at, names_of_enum<QueueType>())].first;
  } else if (key == "s0ix") {
    read_leaf(*found, at, {}, op.s0ix);
  } else if (key == "vram_lost") {
    read_leaf(*found, at, {}, op.vram_lost);
  } else {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    op.nth_mes_call = static_cast<std::uint64_t>(require_integer(*found, at, within(1, most)));
  }
}

void append_call(const ReplayAnswer::Call& call, std::string& text) {
  auto out = std::back_inserter(text);
  fmt::format_to(out, R"({{"call":"{}",)", name_of(call.opcode));
  if (call.queue.exists()) {
    fmt::format_to(out, R"("queue":{},)", call.queue.value);
  } else if (call.type) {
    fmt::format_to(out, R"("queue":null,"type":"{}",)", name_of(*call.type));
  } else {
    fmt::format_to(out, R"("queue":null,"all_gangs":true,)");
  }
  fmt::format_to(out, R"("ok":{}}})", call.ok);
}

}  // namespace

ReplayOp read_replay_line(std::string_view line, const std::string& file, std::size_t number) {
  const Place place{fmt::format("{}: line {}", file, number), {}};
  const Json json = parse_json(line, place.file, Positions::in_a_line);
  if (!json.is_object()) place.fail("expected an object, found " + shown(json));
  const auto found = json.find("op");
  if (found == json.end()) fail_missing(place, "op", "the operation");
  ReplayOp op;
  op.kind =
      EnumNames<ReplayOpKind>::entries[require_name(*found, place.at("op"), names_of_enum<ReplayOpKind>())].first;
  std::vector<std::string> allowed = keys_of(op.kind);
  allowed.insert(allowed.begin(), "op");
  require_keys(json, place, allowed);
  for (const std::string& key : keys_of(op.kind)) read_key(json, place, key, op);
  return op;
}

std::string write_replay_line(const ReplayOp& op, const ReplayAnswer& answer, const Replay& replay) {
  std::string text = fmt::format(R"({{"op":"{}","error":{},"mes":[)", name_of(op.kind), answer.error);
  for (std::size_t i = 0; i < answer.calls.size(); ++i) {
    if (i > 0) text += ',';
    append_call(answer.calls[i], text);
  }
  text += R"(],"states":[)";
  for (std::size_t i = 0; i < replay.queues().size(); ++i) {
    if (i > 0) text += ',';
    text += '"';
    text += name_of(replay.queues()[i].state);
    text += '"';
  }
  text += ']';
  if (answer.resets > 0) fmt::format_to(std::back_inserter(text), R"(,"gpu_resets":{})", answer.resets);
  text += '}';
  return text;
}

}  // namespace userqsim
