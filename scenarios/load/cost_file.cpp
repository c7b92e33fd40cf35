#include "scenarios/load/cost_file.hpp"

#include "scenarios/load/writer.hpp"

namespace userqsim {
namespace {

Json json_of_lines(const LineCounts& lines) {
  Json json{{"total", lines.total()}};
  for (const auto& [fate, name] : EnumNames<LineFate>::entries) json[std::string(name)] = lines.of(fate);
  json["events_lost"] = lines.lost();
  return json;
}

Json json_of_calls(const TraceSamples& samples) {
  Json json = Json::object();
  for (const auto& [service, name] : EnumNames<Service>::entries) {
    const ServiceSamples& calls = samples.of(service);
    Json one{{"succeeded", calls.whole.size()}, {"sampled", calls.served.size()}};
    for (const auto& [why, its_name] : EnumNames<LeftOut>::entries) {
      one[std::string(its_name)] = calls.left_out[static_cast<std::size_t>(why)];
    }
    json[std::string(name)] = one;
  }
  Json flush{{"succeeded", samples.flushes()}, {"sampled", samples.tlb_flush.size()}};
  for (const auto& [why, its_name] : EnumNames<LeftOut>::entries) {
    flush[std::string(its_name)] = samples.flushes_left_out[static_cast<std::size_t>(why)];
  }
  json["TLB flush"] = flush;
  return json;
}

}  // namespace

std::string cost_file_text(const Calibration& calibration, const TraceSamples& samples, const LineCounts& lines,
                           const CalibrationBase& base, const std::vector<std::string>& traces) {
  CostSpec costs = calibration.costs;  // a field list is over a mutable spec
  Json json = json_of_value(costs);
  Json kept = Json::object();
  for (const CostFinding& finding : calibration.findings) {
    const std::string name(finding.cost);
    if (!finding.estimate) {
      kept[name] = finding.how;
      continue;
    }
    json[name]["x-calibration"] = {{"samples", finding.estimate->samples},
                                   {"too_long", finding.estimate->too_long},
                                   {"negative", finding.estimate->negative},
                                   {"how", finding.how}};
  }
  json["x-calibration"] = {{"traces", traces},
                           {"base", base.name},
                           {"kernel", base.kernel},
                           {"idle", base.idle},
                           {"lines", json_of_lines(lines)},
                           {"calls", json_of_calls(samples)},
                           {"invalid_va", samples.invalid_va},
                           {"mes_timeouts", samples.mes_timeouts},
                           {"kept", kept}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace userqsim
