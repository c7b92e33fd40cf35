#include "results/calibrate/trace_event.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace userqsim {
namespace {

const ReadEvent foreign{Reading::foreign, TraceGap{}};
const ReadEvent damaged{Reading::damaged, TraceGap{}};

bool ends_word(std::string_view text, std::size_t at) {
  return at >= text.size() || std::string_view{" ,:\t"}.find(text[at]) != std::string_view::npos;
}

// The text after `key`, which begins a word; nothing without it.
std::optional<std::string_view> after(std::string_view fields, std::string_view key) {
  for (std::size_t at = fields.find(key); at != std::string_view::npos; at = fields.find(key, at + 1)) {
    if (at == 0 || ends_word(fields, at - 1)) return fields.substr(at + key.size());
  }
  return std::nullopt;
}

template <class T>
std::optional<T> number_at(std::optional<std::string_view> text, int base = 10) {
  if (!text) return std::nullopt;
  T number{};
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number, base);
  const auto length = static_cast<std::size_t>(end - text->data());
  if (error != std::errc{} || !ends_word(*text, length)) return std::nullopt;
  return number;
}

// A pointer as %p prints it, with or without "0x"; trace-cmd writes it with.
std::optional<std::uint64_t> pointer_at(std::optional<std::string_view> text) {
  if (text && text->starts_with("0x")) text->remove_prefix(2);
  return number_at<std::uint64_t>(text, 16);
}

std::optional<TracedQueue> queue_at(std::string_view fields) {
  const auto client = number_at<std::uint64_t>(after(fields, "client_id="));
  const auto doorbell = number_at<std::uint64_t>(after(fields, "doorbell="));
  if (!client || !doorbell) return std::nullopt;
  return TracedQueue{*client, *doorbell};
}

ReadEvent read_state_start(std::string_view fields) {
  const auto queue = queue_at(fields);
  const auto type = number_at<std::uint64_t>(after(fields, "type="));
  const auto from = number_at<std::int64_t>(after(fields, "from="));
  if (!queue || !type || !from) return damaged;
  return {Reading::event, StateStart{*queue, *type, *from}};
}

ReadEvent read_state_changed(std::string_view fields) {
  const auto queue = queue_at(fields);
  const auto to = number_at<std::int64_t>(after(fields, "to="));
  if (!queue || !to) return damaged;
  return {Reading::event, StateChanged{*queue, *to}};
}

ReadEvent read_emit_fence(std::string_view fields) {
  const auto queue = queue_at(fields);
  const auto fence = after(fields, "fence=");
  const auto context = number_at<std::uint64_t>(fence);
  const std::size_t colon = fence ? fence->find(':') : std::string_view::npos;
  if (!queue || !context || colon == std::string_view::npos) return damaged;
  const auto seqno = number_at<std::uint64_t>(fence->substr(colon + 1));
  if (!seqno) return damaged;
  return {Reading::event,
          JobFenceEmitted{*queue, static_cast<std::uint32_t>(*context), static_cast<std::uint32_t>(*seqno)}};
}

ReadEvent read_fence(FenceMove move, std::string_view fields) {
  const auto driver = after(fields, "driver=");
  const auto context = number_at<std::uint32_t>(after(fields, "context="));
  const auto seqno = number_at<std::uint32_t>(after(fields, "seqno="));
  if (!driver || !context || !seqno) return damaged;
  const std::string_view name = driver->substr(0, driver->find_first_of(" \t"));
  const bool evicts = name == "amdgpu_eviction_fence" || name == "amdgpu_amdkfd_fence";
  return {Reading::event, FenceMoved{move, evicts, *context, *seqno}};
}

bool is_worker(std::string_view function) {
  constexpr std::array<std::string_view, 4> workers{"amdgpu_eviction_fence_suspend_worker",
                                                    "amdgpu_userq_restore_worker", "evict_process_worker",
                                                    "restore_process_worker"};
  function = function.substr(0, function.find_first_of(" \t+"));
  return std::find(workers.begin(), workers.end(), function) != workers.end();
}

// "work struct=%p function=%ps workqueue=%s req_cpu=%d cpu=%d".
ReadEvent read_queue_work(std::string_view fields) {
  const auto function = after(fields, "function=");
  if (!function) return damaged;
  if (!is_worker(*function)) return foreign;
  const auto work = pointer_at(after(fields, "struct="));
  if (!work) return damaged;
  return {Reading::event, WorkQueued{*work}};
}

// "work struct %p: function %ps".
ReadEvent read_execute_start(std::string_view fields) {
  const auto work = pointer_at(after(fields, "struct "));
  const auto function = after(fields, "function ");
  if (!work || !function) return damaged;
  return {Reading::event, WorkBegan{*work, is_worker(*function)}};
}

// Whether what stands in parentheses behind MISC may be a TLB flush: a write of the request and a wait for its
// acknowledgement, by whichever name, or an invalidation. Older drivers print nothing there.
bool may_flush(std::string_view operation) {
  operation = operation.substr(std::min(operation.find_first_not_of(" \t"), operation.size()));
  if (!operation.starts_with('(')) return true;
  constexpr std::array<std::string_view, 3> flushes{"WAIT_REG_MEM", "WRM_REG_WR_WAIT", "INV"};
  operation = operation.substr(0, operation.find(')'));
  return std::any_of(flushes.begin(), flushes.end(),
                     [&](std::string_view name) { return operation.find(name) != std::string_view::npos; });
}

// "MES msg=SUSPEND was emitted", "MES(0) msg=MISC (...) was emitted", "MES failed to respond to msg=REMOVE_QUEUE".
ReadEvent read_message(std::string_view text) {
  const std::size_t mes = text.find("MES");
  const std::size_t key = mes == std::string_view::npos ? mes : text.find("msg=", mes);
  if (key == std::string_view::npos) return foreign;
  if (text.substr(mes, key - mes).find("failed to respond") != std::string_view::npos) {
    return {Reading::event, MesSilent{}};
  }
  const std::string_view rest = text.substr(key + 4);
  if (rest.find("was emitted") == std::string_view::npos) return damaged;
  const std::string_view name = rest.substr(0, rest.find_first_of(" \t"));
  const bool flushes = name == name_of(Opcode::misc) && may_flush(rest.substr(name.size()));
  for (const auto& [opcode, its_name] : EnumNames<Opcode>::entries) {
    if (its_name == name) return {Reading::event, MesEmitted{opcode, flushes}};
  }
  return {Reading::event, MesEmitted{std::nullopt, false}};
}

}  // namespace

ReadEvent read_trace_event(const TraceLine& line) {
  if (line.form == LineForm::kernel_log || line.event == "console") return read_message(line.fields);
  if (line.event == "amdgpu_userq_state_start") return read_state_start(line.fields);
  if (line.event == "amdgpu_userq_state_changed") return read_state_changed(line.fields);
  if (line.event == "amdgpu_userq_emit_fence") return read_emit_fence(line.fields);
  if (line.event == "dma_fence_init") return read_fence(FenceMove::init, line.fields);
  if (line.event == "dma_fence_enable_signal") return read_fence(FenceMove::enabled, line.fields);
  if (line.event == "dma_fence_signaled") return read_fence(FenceMove::signaled, line.fields);
  if (line.event == "workqueue_queue_work") return read_queue_work(line.fields);
  if (line.event == "workqueue_execute_start") return read_execute_start(line.fields);
  return foreign;
}

}  // namespace userqsim
