#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "models/policy/policies.hpp"
#include "results/compare/judge.hpp"
#include "results/record/metrics.hpp"
#include "results/report/table.hpp"
#include "scenarios/cli/commands.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/library/embedded.hpp"
#include "scenarios/load/assumptions.hpp"
#include "scenarios/load/place.hpp"
#include "scenarios/load/profile_store.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

std::string slots(const EngineSpec& engine) { return fmt::format("{}x{}", engine.pipes, engine.slots_per_pipe); }

ReportTable with_columns(std::initializer_list<const char*> names) {
  ReportTable table;
  for (const char* name : names) table.columns.push_back({name});
  return table;
}

ReportTable list_devices(const ProfileStore& profiles) {
  ReportTable table =
      with_columns({"name", "title", "compute_units", "gfx", "compute", "sdma", "vram", "link", "costs"});
  for (const ProfileFile& file : profiles.list("devices")) {
    const DeviceProfile profile = read_device(file);
    const DeviceSpec& d = profile.device;
    table.rows.push_back({d.name, d.title, std::to_string(d.compute_units), slots(d.gfx), slots(d.compute),
                          slots(d.sdma), to_text(d.vram), to_text(d.link), profile.costs});
  }
  return table;
}

ReportTable list_kernels(const ProfileStore& profiles) {
  ReportTable table =
      with_columns({"name", "title", "native_policy", "pre_wait", "pre_wait_limit", "restore_placement"});
  for (const ProfileFile& file : profiles.list("kernels")) {
    const KernelSpec k = read_kernel(file);
    table.rows.push_back({k.name, k.title, k.native_policy, std::string(name_of(k.pre_wait)),
                          to_text(k.pre_wait_limit), std::string(name_of(k.restore_placement))});
  }
  return table;
}

ReportTable list_policies() {
  ReportTable table = with_columns({"name", "summary"});
  for (const Policy& policy : policies()) {
    table.rows.push_back({std::string(policy.name), std::string(policy.summary)});
  }
  return table;
}

// Visits a cost profile's field list.
class CostRows {
 public:
  CostRows(std::string profile, ReportTable& table) : profile_(std::move(profile)), table_(table) {}

  void required(std::string_view key, Cost& cost, std::string_view doc, Limits = {}) {
    add(key, text_of(cost.value), cost, to_text(cost.range.front()), to_text(cost.range.back()), doc);
  }
  void required(std::string_view key, Factor& factor, std::string_view doc, Limits = {}) {
    add(key, fmt::format("{}", factor.value), factor, fmt::format("{}", factor.range.front()),
        fmt::format("{}", factor.range.back()), doc);
  }

 private:
  template <class T>
  void add(std::string_view key, std::string value, const T& cost, std::string least, std::string most,
           std::string_view doc) {
    table_.rows.push_back({profile_, std::string(key), std::move(value), std::string(name_of(cost.kind)),
                           std::move(least), std::move(most), std::string(doc), cost.source});
  }

  std::string profile_;
  ReportTable& table_;
};

ReportTable list_costs(const ProfileStore& profiles) {
  ReportTable table = with_columns({"profile", "name", "value", "kind", "least", "most", "doc", "source"});
  for (const ProfileFile& file : profiles.list("costs")) {
    CostSpec costs = read_costs(profiles.find_costs(file.name, Place{file.file, {}}));
    CostRows rows(file.name, table);
    describe(rows, costs);
  }
  return table;
}

ReportTable list_metrics() {
  ReportTable table = with_columns({"name", "roles", "unit", "doc", "band"});
  for (const MetricInfo& metric : metric_catalogue()) {
    std::vector<std::string> roles(metric.roles.begin(), metric.roles.end());
    table.rows.push_back({std::string(metric.name), fmt::format("{}", fmt::join(roles, " ")),
                          std::string(metric.unit), std::string(metric.doc),
                          text_of(default_band(metric.name), metric.unit)});
  }
  return table;
}

ReportTable list_scenarios(const LoadOptions& options) {
  ReportTable table = with_columns({"name", "device", "kernel", "question"});
  for (const EmbeddedFile& file : embedded_scenarios()) {
    const Scenario scenario = load_library_scenario(std::string(file.name), options).scenario;
    table.rows.push_back({scenario.name, scenario.device, scenario.kernel, scenario.question});
  }
  return table;
}

ReportTable list_of(const std::string& what, const LoadOptions& options) {
  const ProfileStore profiles(options.profiles_dir);
  if (what == "devices") return list_devices(profiles);
  if (what == "kernels") return list_kernels(profiles);
  if (what == "policies") return list_policies();
  if (what == "costs") return list_costs(profiles);
  if (what == "metrics") return list_metrics();
  if (what == "scenarios") return list_scenarios(options);
  throw InputError(unknown_name("list", what, {"devices", "kernels", "policies", "costs", "metrics", "scenarios"}));
}

}  // namespace

int cmd_list(const std::string& what, TableFormat format, const LoadOptions& options) {
  write_stdout(render(list_of(what, options), format));
  return 0;
}

}  // namespace userqsim
