// The story as one JSON object. Numbers are exact: nanoseconds from the start of the run, and bytes.
#include <fmt/format.h>

#include "results/explain/story_text.hpp"

namespace userqsim {
namespace {

// The members of one object, in the order in which they are added.
class JsonObject {
 public:
  JsonObject& raw(std::string_view key, const std::string& value) {
    out_ += fmt::format("{}{}: {}", out_.empty() ? "" : ", ", json_string(key), value);
    return *this;
  }
  JsonObject& text(std::string_view key, std::string_view value) { return raw(key, json_string(value)); }
  JsonObject& number(std::string_view key, std::int64_t value) { return raw(key, fmt::format("{}", value)); }
  JsonObject& number(std::string_view key, const OptionalNs& value) {
    return value ? number(key, *value) : raw(key, "null");
  }
  JsonObject& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  std::string str() const { return "{" + out_ + "}"; }

 private:
  std::string out_;
};

template <class List, class F>
std::string list_of(const List& list, F&& each) {
  std::string out = "[";
  for (const auto& item : list) {
    out += out.size() > 1 ? ",\n  " : "\n  ";
    out += each(item);
  }
  return out + (list.empty() ? "]" : "\n]");
}

std::string eviction_json(const EvictionRow& row) {
  JsonObject json;
  json.text("outcome", row.outcome).text("trigger", row.trigger);
  json.number("queues", row.queues).number("queues_running", row.queues_running);
  json.number("start_ns", row.start_ns).number("first_stop_ns", row.first_stop_ns);
  json.number("signaled_ns", row.signaled_ns).number("resumed_ack_ns", row.resumed_ack_ns);
  json.number("restored_ns", row.restored_ns).number("ended_ns", row.ended_ns);
  json.number("evict_latency_ns", row.evict_latency_ns).number("restore_latency_ns", row.restore_latency_ns);
  json.number("downtime_ns", row.downtime_ns).number("fence_wait_ns", row.fence_wait_ns);
  json.number("lock_wait_ns", row.lock_wait_ns).number("requester_stall_ns", row.requester_stall_ns);
  json.number("mes_packets", row.mes_packets).number("mes_busy_ns", row.mes_busy_ns);
  json.number("mes_lock_hold_ns", row.mes_lock_hold_ns).number("cpu_poll_ns", row.cpu_poll_ns);
  json.number("cu_lost_ns", row.cu_lost_ns).number("context_bytes", row.context_bytes);
  json.number("moved_bytes", row.moved_bytes);
  json.number("request", row.request ? OptionalNs{*row.request} : std::nullopt);
  return json.str();
}

std::string accounts_json(const std::vector<StoryAccount>& accounts) {
  return list_of(accounts, [](const StoryAccount& account) {
    return JsonObject{}
        .text("part", account.part)
        .text("waits_for", account.waits_for)
        .number("times", account.times)
        .number("length_ns", account.ns)
        .number("downtime_ns", account.downtime_ns)
        .str();
  });
}

std::string part_json(const StoryPart& part) {
  return JsonObject{}
      .text("part", part.row.part)
      .text("queue", part.queue)
      .text("waits_for", part.row.waits_for)
      .number("start_ns", part.row.start_ns)
      .number("end_ns", part.row.end_ns)
      .flag("critical", part.row.critical)
      .text("told", part.told)
      .str();
}

std::string packet_json(const StoryPacket& packet) {
  return JsonObject{}
      .text("opcode", packet.row.opcode)
      .text("queue", packet.queue)
      .number("issued_ns", packet.row.issued_ns)
      .number("started_ns", packet.row.started_ns)
      .number("acked_ns", packet.row.acked_ns)
      .number("done_ns", packet.row.done_ns)
      .number("busy_ns", packet.row.busy_ns)
      .text("result", packet.row.result)
      .str();
}

std::string moves_json(const StoryMoves& move) {
  return JsonObject{}
      .text("owner", move.owner)
      .text("from", move.from)
      .text("to", move.to)
      .number("buffers", move.buffers)
      .number("bytes", move.bytes)
      .number("first_ns", move.first_ns)
      .number("last_ns", move.last_ns)
      .number("copying_ns", move.copying_ns)
      .str();
}

std::string queue_json(const StoryQueue& queue) {
  return JsonObject{}
      .text("queue", queue.queue)
      .flag("had_work", queue.had_work)
      .number("stopped_ns", queue.stopped_ns)
      .number("ready_ns", queue.ready_ns)
      .number("mapped_ns", queue.mapped_ns)
      .number("ran_ns", queue.ran_ns)
      .number("restored_ns", queue.restored_ns)
      .str();
}

std::string wait_json(const StoryWait& wait) {
  return JsonObject{}
      .text("who", wait.who)
      .text("waited_for", wait.waited_for)
      .number("start_ns", wait.start_ns)
      .number("end_ns", wait.end_ns)
      .str();
}

std::string other_json(const StoryOther& other) {
  return JsonObject{}
      .text("policy", other.policy)
      .raw("eviction", eviction_json(other.row))
      .raw("accounts", accounts_json(other.accounts))
      .str();
}

}  // namespace

std::string story_json(const Story& story, const StoryHead& head) {
  std::string out = "{\n";
  const auto member = [&out](std::string_view key, const std::string& value, bool last = false) {
    out += fmt::format("{}: {}{}\n", json_string(key), value, last ? "" : ",");
  };
  const auto text = [&](std::string_view key, std::string_view value) { member(key, json_string(value)); };
  text("scenario", head.scenario);
  text("device", head.device);
  text("kernel", head.kernel);
  text("policy", head.label);
  member("rep", fmt::format("{}", head.replication));
  member("seed", fmt::format("{}", head.seed));
  member("number", fmt::format("{}", story.number));
  text("process", story.process);
  member("ordinal", fmt::format("{}", story.row.eviction));
  member("asked_ns", fmt::format("{}", story.from_ns));
  text("asked", story.asked);
  text("chosen", story.chosen);
  member("eviction", eviction_json(story.row));
  member("parts", list_of(story.parts, part_json));
  member("packets", list_of(story.packets, packet_json));
  member("moves", list_of(story.moves, moves_json));
  member("queues", list_of(story.queues, queue_json));
  member("waits", list_of(story.waits, wait_json));
  member("accounts", accounts_json(story.accounts));
  member("others", list_of(story.others, other_json), true);
  return out + "}\n";
}

}  // namespace userqsim
