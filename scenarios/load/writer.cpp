#include "scenarios/load/writer.hpp"

#include <variant>

#include "sim/config/units.hpp"

namespace userqsim {

Json json_of(Duration time) { return to_text(time); }
Json json_of(Bytes size) { return to_text(size); }
Json json_of(Bandwidth rate) { return to_text(rate); }

Json json_of(const Distribution& distribution) {
  struct Write {
    Json operator()(const ConstantDuration& d) const { return to_text(d.value); }
    Json operator()(const ExponentialDuration& d) const {
      return {{"dist", "exponential"}, {"mean", to_text(d.mean)}};
    }
    Json operator()(const LognormalDuration& d) const {
      return {{"dist", "lognormal"}, {"mean", to_text(d.mean)}, {"sigma", d.sigma}};
    }
    Json operator()(const HyperexponentialDuration& d) const {
      return {{"dist", "hyperexponential"},
              {"shorter", to_text(d.shorter)},
              {"longer", to_text(d.longer)},
              {"longer_share", d.longer_share}};
    }
    Json operator()(const EmpiricalDuration& d) const {
      Json values = Json::array();
      for (const Duration value : d.values) values.push_back(to_text(value));
      return {{"dist", "empirical"}, {"values", std::move(values)}};
    }
  };
  return std::visit(Write{}, distribution);
}

}  // namespace userqsim
