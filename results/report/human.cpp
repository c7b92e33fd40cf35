#include "results/report/human.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace userqsim {
namespace {

struct Scale {
  double factor;
  std::string_view name;
};

constexpr std::array time_scales{Scale{1.0, "ns"}, Scale{1e3, "us"}, Scale{1e6, "ms"}, Scale{1e9, "s"}};
constexpr std::array size_scales{Scale{1.0, "B"}, Scale{1024.0, "KiB"}, Scale{1048576.0, "MiB"},
                                 Scale{1073741824.0, "GiB"}};
constexpr std::array share_scales{Scale{0.01, "%"}};
constexpr std::array plain_scales{Scale{1.0, ""}};

std::span<const Scale> scales_of(std::string_view unit) {
  if (unit == "ns") return time_scales;
  if (unit == "bytes") return size_scales;
  if (unit == "1") return share_scales;
  return plain_scales;
}

// About three significant digits, as they are after rounding: 9.996 is 10.0.
int decimals(double value) {
  const double size = std::fabs(value);
  return size >= 99.95 || size == 0.0 ? 0 : size >= 9.995 ? 1 : 2;
}

// The largest scale in which the value is at least 1, or would be written as 1 for being a whole one of the scale
// below: 999.9 us are 1.00 ms.
Scale scale_for(double value, std::string_view unit) {
  const std::span<const Scale> scales = scales_of(unit);
  Scale chosen = scales.front();
  for (const Scale& scale : scales) {
    const double whole = std::round(scale.factor / chosen.factor);
    const double below = std::fabs(value) / chosen.factor;
    if (std::fabs(value) >= scale.factor || (below >= 100.0 && std::round(below) >= whole)) chosen = scale;
  }
  return chosen;
}

// Never an exponent.
std::string digits(double value, bool with_sign) {
  const int precision = decimals(value);
  return with_sign && value != 0.0 ? fmt::format("{:+.{}f}", value, precision)
                                   : fmt::format("{:.{}f}", value, precision);
}

std::string with_unit(std::string number, std::string_view unit) {
  return unit.empty() ? number : fmt::format("{} {}", number, unit);
}

}  // namespace

std::string human(double value, std::string_view unit) {
  if (unit == "count") return fmt::format("{:.0f}", value);
  const Scale scale = scale_for(value, unit);
  return with_unit(digits(value / scale.factor, false), scale.name);
}

std::string human_signed(double value, std::string_view unit) {
  const Scale scale = scale_for(value, unit);
  return with_unit(digits(value / scale.factor, true), scale.name);
}

std::string human_interval(double low, double high, std::string_view unit) {
  const Scale scale = scale_for(std::max(std::fabs(low), std::fabs(high)), unit);
  return with_unit(fmt::format("[{}, {}]", digits(low / scale.factor, true), digits(high / scale.factor, true)),
                   scale.name);
}

std::string human_range(double low, double high, std::string_view unit) {
  const Scale scale = scale_for(std::max(std::fabs(low), std::fabs(high)), unit);
  return with_unit(fmt::format("{} to {}", digits(low / scale.factor, false), digits(high / scale.factor, false)),
                   scale.name);
}

std::string human_share(double part, double whole) {
  if (whole == 0.0) return {};
  return digits(100.0 * part / whole, true) + " %";
}

}  // namespace userqsim
