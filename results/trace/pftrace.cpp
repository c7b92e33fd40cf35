#include "results/trace/pftrace.hpp"

#include <algorithm>
#include <protozero/pbf_writer.hpp>
#include <protozero/varint.hpp>

namespace userqsim {
namespace {

using Writer = protozero::pbf_writer;

namespace trace_field {
constexpr protozero::pbf_tag_type packet = 1;
}
namespace packet_field {
constexpr protozero::pbf_tag_type timestamp = 8, sequence = 10, track_event = 11, interned = 12, flags = 13,
                                  descriptor = 60;
}
namespace descriptor_field {
constexpr protozero::pbf_tag_type uuid = 1, name = 2, process = 3, parent = 5, counter = 8;
}
namespace process_field {
constexpr protozero::pbf_tag_type pid = 1, name = 6;
}
namespace counter_field {
constexpr protozero::pbf_tag_type unit = 3;
constexpr std::int32_t count = 2, bytes = 3;
}  // namespace counter_field
namespace event_field {
constexpr protozero::pbf_tag_type annotations = 4, type = 9, name_number = 10, track = 11, counter = 30, flows = 47;
constexpr int begin = 1, end = 2, instant = 3, count = 4;
}  // namespace event_field
namespace annotation_field {
constexpr protozero::pbf_tag_type whole = 4, text = 6, name = 10;
}
namespace interned_field {
constexpr protozero::pbf_tag_type event_names = 2;
}
namespace name_field {
constexpr protozero::pbf_tag_type number = 1, name = 2;
}

// As Writer does it, but not byte by byte, which took most of the time of a trace. Fields are below 2048: two
// bytes.
void append_number(std::string& to, protozero::pbf_tag_type field, std::uint64_t value) {
  constexpr std::size_t tag_length = 2;  // of a field below 2048
  std::array<char, tag_length + protozero::max_varint_length> bytes{};
  char* const begin = bytes.data();
  const auto tag = (std::uint64_t{field} << 3) | static_cast<std::uint64_t>(protozero::pbf_wire_type::varint);
  int length = protozero::add_varint_to_buffer(begin, tag);
  length += protozero::add_varint_to_buffer(begin + length, value);
  to.append(begin, static_cast<std::size_t>(length));
}

void append_bytes(std::string& to, protozero::pbf_tag_type field, std::string_view bytes) {
  std::array<char, 2 + protozero::max_varint_length> head{};
  char* const begin = head.data();
  const auto tag =
      (std::uint64_t{field} << 3) | static_cast<std::uint64_t>(protozero::pbf_wire_type::length_delimited);
  int length = protozero::add_varint_to_buffer(begin, tag);
  length += protozero::add_varint_to_buffer(begin + length, bytes.size());
  to.append(begin, static_cast<std::size_t>(length)).append(bytes);
}

// Of a packet: it begins its sequence's state anew, and it needs that state.
constexpr std::uint32_t state_cleared = 1, needs_state = 2;
constexpr std::size_t buffered = 1 << 16;
constexpr std::size_t most_keys = 64;

}  // namespace

PftraceWriter::PftraceWriter(OutputFile& file, std::uint32_t run, const std::string& title)
    : file_(file), run_(run) {
  const auto begin_packets = [&](std::uint32_t flags) {
    packet_begins_.clear();
    Writer writer(packet_begins_);
    writer.add_uint32(packet_field::sequence, run_ + 1);
    writer.add_uint32(packet_field::flags, flags);
  };
  begin_packets(needs_state | state_cleared);
  packet_ = packet_begins_;
  {
    Writer writer(packet_);
    Writer descriptor(writer, packet_field::descriptor);
    descriptor.add_uint64(descriptor_field::uuid, root());
    Writer process(descriptor, descriptor_field::process);
    process.add_int32(process_field::pid, static_cast<std::int32_t>(run_ + 1));
    process.add_string(process_field::name, title);
  }
  write_packet();
  begin_packets(needs_state);
}

void PftraceWriter::write_packet() {
  append_bytes(buffer_, trace_field::packet, packet_);
  if (buffer_.size() < buffered) return;
  file_.write(buffer_);
  buffer_.clear();
}

void PftraceWriter::write_event(std::int64_t time_ns) {
  packet_ = packet_begins_;
  append_number(packet_, packet_field::timestamp, static_cast<std::uint64_t>(time_ns));
  append_bytes(packet_, packet_field::track_event, event_);
  write_packet();
}

void PftraceWriter::declare(const TraceTrack& track) {
  packet_ = packet_begins_;
  {
    Writer writer(packet_);
    Writer descriptor(writer, packet_field::descriptor);
    descriptor.add_uint64(descriptor_field::uuid, uuid(track.id));
    descriptor.add_string(descriptor_field::name, track.name);
    descriptor.add_uint64(descriptor_field::parent, track.parent == no_trace_track ? root() : uuid(track.parent));
    const bool counts = track.kind == TraceTrackKind::count;
    if (counts || track.kind == TraceTrackKind::bytes) {
      Writer counter(descriptor, descriptor_field::counter);
      counter.add_enum(counter_field::unit, counts ? counter_field::count : counter_field::bytes);
    }
  }
  write_packet();
  if (track.id >= tracks_.size()) tracks_.resize(track.id + 1);
  const auto beginning = [&](int type) {
    std::string bytes;
    Writer made(bytes);
    made.add_enum(event_field::type, type);
    made.add_uint64(event_field::track, uuid(track.id));
    return bytes;
  };
  tracks_[track.id] = {beginning(event_field::begin), beginning(event_field::end), beginning(event_field::instant),
                       beginning(event_field::count)};
}

// A name is defined by a packet of its own, before the first that refers to it.
std::uint64_t PftraceWriter::name_number(std::string_view name) {
  Recent& recent = recent_[(reinterpret_cast<std::uintptr_t>(name.data()) >> 3) % recent_.size()];
  if (recent.number != 0 && recent.name == name) return recent.number;
  const auto [entry, is_new] = names_.try_emplace(std::string(name), names_.size() + 1);
  recent = {entry->first, entry->second};
  if (!is_new) return recent.number;
  packet_ = packet_begins_;
  {
    Writer writer(packet_);
    Writer interned(writer, packet_field::interned);
    Writer definition(interned, interned_field::event_names);
    definition.add_uint64(name_field::number, recent.number);
    definition.add_string(name_field::name, recent.name);
  }
  write_packet();
  return recent.number;
}

void PftraceWriter::append_argument(const TraceArg& arg) {
  // There are few keys, and nearly all are literals: of one that has the same address only the text is compared.
  auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& known) {
    return known.address == arg.key.data() && known.name == arg.key;
  });
  if (key == keys_.end()) {
    if (keys_.size() == most_keys) keys_.clear();
    key = keys_.insert(keys_.end(), {arg.key.data(), std::string(arg.key), std::string{}});
    append_bytes(key->written, annotation_field::name, arg.key);
  }
  argument_ = key->written;
  if (const auto* whole = std::get_if<std::int64_t>(&arg.value)) {
    append_number(argument_, annotation_field::whole, static_cast<std::uint64_t>(*whole));
  } else {
    const auto& text = std::get<std::string_view>(arg.value);
    append_bytes(argument_, annotation_field::text, text);
  }
  append_bytes(event_, event_field::annotations, argument_);
}

void PftraceWriter::add(const TraceSlice& slice) {
  const bool instant = slice.start_ns == slice.end_ns;
  const Beginnings& track = tracks_.at(slice.track);
  const std::uint64_t name = name_number(slice.name);
  event_ = instant ? track.instant : track.begin;
  append_number(event_, event_field::name_number, name);
  for (const TraceArg& arg : slice.args) append_argument(arg);
  for (const TraceFlow& flow : slice.flows) Writer(event_).add_fixed64(event_field::flows, root() << 16 ^ flow.id);
  write_event(slice.start_ns);
  if (instant) return;
  event_ = track.end;
  write_event(slice.end_ns);
}

void PftraceWriter::count(TraceTrackId track, std::int64_t time_ns, std::int64_t value) {
  event_ = tracks_.at(track).count;
  append_number(event_, event_field::counter, static_cast<std::uint64_t>(value));
  write_event(time_ns);
}

void PftraceWriter::close() {
  file_.write(buffer_);
  buffer_.clear();
}

}  // namespace userqsim
