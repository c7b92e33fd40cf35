#include "tests/support/devices.hpp"

namespace userqsim::test {

DeviceProfile device_of(const std::string& name) {
  return read_device(ProfileStore("").find("devices", name, Place{"test", {}}));
}

MachineSpec costless_machine(const std::string& device) {
  const DeviceProfile profile = device_of(device);
  MachineSpec spec = ideal_machine();
  spec.device = profile.device;
  spec.firmware = profile.firmware;
  return spec;
}

MachineSpec machine_of(const std::string& device) {
  MachineSpec spec = costless_machine(device);
  spec.costs = read_costs(ProfileStore("").find_costs(device_of(device).costs, Place{"test", {}}));
  return spec;
}

}  // namespace userqsim::test
