#include "scenarios/load/assumptions.hpp"

#include <fmt/format.h>

#include <string_view>
#include <variant>

#include "scenarios/load/place.hpp"
#include "scenarios/load/reader.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

std::string value_text(const Cost& cost) { return text_of(cost.value); }
std::string value_text(const Factor& factor) { return fmt::format("{}", factor.value); }
std::string bound_text(Duration bound) { return to_text(bound); }
std::string bound_text(double bound) { return fmt::format("{}", bound); }

// Visits the cost profile's field list.
class CostLines {
 public:
  std::vector<std::string> lines;

  template <class T>
  void required(std::string_view key, T& cost, std::string_view, Limits = {}) {
    lines.push_back(fmt::format("costs.{} = {} ({}: {}; range {} to {})", key, value_text(cost), name_of(cost.kind),
                                cost.source, bound_text(cost.range.front()), bound_text(cost.range.back())));
  }
};

template <NamedEnum E>
std::string unknown_option(std::string_view key, E value) {
  return fmt::format("firmware.{} = {} (unknown; allowed: {})", key, name_of(value), joined(names_of_enum<E>()));
}

}  // namespace

std::vector<std::string> assumptions_of(const CostSpec& costs, const FirmwareSpec& firmware,
                                        const PolicySpec& policy) {
  CostLines visitor;
  CostSpec copy = costs;  // a field list is over a mutable spec
  describe(visitor, copy);
  visitor.lines.push_back(unknown_option("suspend_ack", firmware.suspend_ack));
  visitor.lines.push_back(unknown_option("api_during_unmap", firmware.api_during_unmap));
  visitor.lines.push_back(unknown_option("unknown_gang", firmware.unknown_gang));
  visitor.lines.push_back(unknown_option("vmid_per", firmware.vmid_per));
  visitor.lines.push_back(unknown_option("carry_over", firmware.carry_over));
  visitor.lines.push_back(unknown_option("low_level", firmware.low_level));
  visitor.lines.push_back(
      fmt::format("policy.hybrid_wait = {} (assumed: the proposal names no figure; of hybrid alone)",
                  to_text(policy.hybrid_wait)));
  return std::move(visitor.lines);
}

std::string text_of(const Distribution& distribution) {
  struct Text {
    std::string operator()(const ConstantDuration& d) const { return to_text(d.value); }
    std::string operator()(const ExponentialDuration& d) const { return "exponential, mean " + to_text(d.mean); }
    std::string operator()(const LognormalDuration& d) const {
      return fmt::format("lognormal, mean {}, sigma {}", to_text(d.mean), d.sigma);
    }
    std::string operator()(const HyperexponentialDuration& d) const {
      return fmt::format("hyperexponential, means {} and {}, share of the latter {}", to_text(d.shorter),
                         to_text(d.longer), d.longer_share);
    }
    std::string operator()(const EmpiricalDuration& d) const {
      if (d.values.empty()) return "empirical, no values";
      return fmt::format("empirical, {} values, mean {}", d.values.size(), to_text(mean_of(d)));
    }
  };
  return std::visit(Text{}, distribution);
}

}  // namespace userqsim
