// The CWSR save area against the published table, and what a kernel's shape makes of it.
#include "models/hardware/save_area.hpp"

#include <array>

#include "tests/support/devices.hpp"
#include "tests/support/part_bench.hpp"

namespace userqsim::save_area_test {
namespace {

using namespace test;

DeviceSpec device(const std::string& name) { return device_of(name).device; }

struct Row {
  Bytes control_stack, cwsr, debug, total;
  bool operator==(const Row&) const = default;
};
Row row(const DeviceSpec& d) {
  const SaveArea area = save_area(d);
  return {area.control_stack, area.cwsr, area.debug, area.total};
}
Row row(std::int64_t control_stack, std::int64_t cwsr, std::int64_t debug, std::int64_t total) {
  return {Bytes{control_stack}, Bytes{cwsr}, Bytes{debug}, Bytes{total}};
}

// kfd_queue.c for the five devices; the first is also what a register dump of a real card says (CTX_SAVE_SIZE
// 0x2c02000, CNTL_STACK_SIZE 0xa000).
TEST_CASE("the save area is what the driver computes", "[cwsr]") {
  CHECK(row(device("rx7900xtx")) == row(0xa000, 46'047'232, 98'304, 0x2c02000));
  CHECK(row(device("rx9070xt")) == row(0x7000, 30'699'520, 65'536, 30'765'056));
  CHECK(row(device("rx7600")) == row(0x4000, 11'157'504, 32'768, 11'190'272));
  CHECK(row(device("radeon8060s")) == row(0x4000, 19'185'664, 40'960, 19'226'624));
}

TEST_CASE("other published values follow from other register files", "[cwsr]") {
  DeviceSpec navi33 = device("rx7600");
  navi33.wave_state.vgprs = Bytes{0x60000};  // the CWSR series of December 2025
  CHECK(row(navi33) == row(0x4000, 15'351'808, 32'768, 15'384'576));
  DeviceSpec strix_halo = device("radeon8060s");
  strix_halo.wave_state.vgprs = Bytes{0x40000};  // before 6.19-rc1
  CHECK(row(strix_halo) == row(0x4000, 13'942'784, 40'960, 13'983'744));
}

TEST_CASE("eight complexes have the area eight times", "[cwsr]") {
  const DeviceSpec mi300x = device("mi300x");
  REQUIRE(mi300x.xccs == 8);
  CHECK(row(mi300x) == row(0x3000, 23'203'840, 48'640, 186'019'840));
}

WaveShape shape(std::uint64_t waves, std::uint32_t group, std::uint32_t vgprs, Bytes lds = Bytes{0}) {
  WaveShape s;
  s.waves = waves;
  s.group_waves = group;
  s.vgprs = vgprs;
  s.lds = lds;
  return s;
}

// Navi 31: 32 waves, 384 KiB of vector registers, 64 KiB of LDS. A wave of 32 lanes has 128 bytes for each
// register.
TEST_CASE("wave slots, registers or LDS bound how many waves are resident", "[cwsr]") {
  const WaveStateSpec unit = device("rx7900xtx").wave_state;
  CHECK(resident_waves_per_cu(unit, shape(1000, 1, 96)) == 32);  // 32 * 12 KiB fit exactly
  CHECK(resident_waves_per_cu(unit, shape(1000, 1, 97)) == 31);
  CHECK(resident_waves_per_cu(unit, shape(1000, 1, 256)) == 12);                // 393216 / 32768
  CHECK(resident_waves_per_cu(unit, shape(1000, 8, 256)) == 8);                 // in whole workgroups
  CHECK(resident_waves_per_cu(unit, shape(1000, 4, 32, Bytes{20'000})) == 12);  // three groups of 4
  CHECK(resident_waves_per_cu(unit, shape(1000, 4, 32, Bytes{65'537})) == 0);
}

TEST_CASE("a dispatch runs in rounds of what is resident, and the last may be smaller", "[cwsr]") {
  const WaveStateSpec unit = device("rx7900xtx").wave_state;
  const WaveShape s = shape(1000, 1, 256);  // 12 a unit: 120 on 10 units
  CHECK(rounds_of(unit, s, 10) == 9);
  CHECK(resident_waves(unit, s, 10, 0) == 120);
  CHECK(resident_waves(unit, s, 10, 8) == 1000 - 8 * 120);
  CHECK(resident_waves(unit, s, 10, 9) == 0);
}

// Registers 128 * 96, and a 32nd of the scalar and other registers, and 12 bytes of control stack; LDS by the
// group.
TEST_CASE("saved bytes follow the resident waves and never exceed the area", "[cwsr]") {
  const DeviceSpec navi31 = device("rx7900xtx");
  const WaveStateSpec& unit = navi31.wave_state;
  constexpr std::int64_t wave = 128 * 96 + 16'384 / 32 + 4'096 / 32 + 12;
  CHECK(wave_bytes(unit, shape(1, 4, 96, Bytes{1'000}), 7) == Bytes{7 * wave + 2 * 1'000});
  for (const std::uint32_t vgprs : {1U, 24U, 96U, 97U, 128U, 256U, 512U}) {
    for (const std::uint32_t group : {1U, 3U, 8U, 32U}) {
      for (const std::int64_t lds : {0, 1'000, 16'384, 65'536}) {
        const WaveShape s = shape(100'000, group, vgprs, Bytes{lds});
        if (resident_waves_per_cu(unit, s) == 0) continue;
        CAPTURE(vgprs, group, lds);
        CHECK(wave_bytes(unit, s, resident_waves(unit, s, navi31.compute_units, 0)) <= save_area(navi31).total);
      }
    }
  }
}

// 240 waves, 12 a unit, on 10 units: two rounds of 500 us. Mapped and connected at once; stopped at 200 us it
// drains to 500 us; with CWSR it saves 120 waves at once, and in the second round, of a dispatch of 130, the
// last 10.
TEST_CASE("a stop drains to the round of its shape, or saves what is resident", "[cwsr][stop]") {
  MachineSpec spec = ideal_machine();
  spec.device.compute_units = 10;
  spec.device.wave_state = device("rx7900xtx").wave_state;
  spec.kernel.cwsr = GENERATE(false, true);
  JobSpec j = job(1000us, 10);
  j.shape = shape(GENERATE(130U, 240U), 1, 256);
  const bool cwsr = spec.kernel.cwsr;
  const std::uint64_t waves = j.shape->waves;
  const Duration stop = GENERATE(200us, 700us);
  const bool second = stop > 500us;
  spec.processes = {process("p", {queue("q", QueueType::compute, stream(PeriodicArrival{1s}, j, 1))})};
  HardwareBench bench(std::move(spec));
  bench.map(QueueId{0}, SlotId{1});
  bench.run_until(stop);
  bench.unmap(QueueId{0}, SlotId{1});
  bench.expect_at<SlotFreed>(cwsr ? stop : (second ? 1000us : 500us));
  if (!cwsr) return;
  const std::int64_t resident = second && waves == 130 ? 10 : 120;
  CHECK(bench.all<ContextMoved>().at(0).bytes.value == resident * (128 * 256 + 16'384 / 32 + 4'096 / 32 + 12));
}

TEST_CASE("a job that fills the machine fills the area and no more", "[save_area]") {
  for (const char* name : {"rx7900xtx", "rx7600", "rx9070xt", "radeon8060s", "mi300x"}) {
    CAPTURE(name);
    const DeviceSpec d = device(name);
    CHECK(save_area_of(d, d.compute_units) == save_area(d).total);
    CHECK(save_area_of(d, 4096) == save_area(d).total);
    const std::int64_t unit = save_area_of(d, 1).value;
    CHECK(unit * d.compute_units <= save_area(d).total.value);
    CHECK((unit + 1) * d.compute_units > save_area(d).total.value);
  }
}

}  // namespace
}  // namespace userqsim::save_area_test
