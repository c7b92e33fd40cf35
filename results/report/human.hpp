// Numbers as people read them. For reports alone; files hold exact values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace userqsim {

// "38.1 us", "1.25 GiB", "38.2 %" and "120" for the units ns, bytes, 1 and count; "12.5" for any other.
std::string human(double value, std::string_view unit);
// With its sign, always: "+38.1 us".
std::string human_signed(double value, std::string_view unit);
// "[+30.0, +46.2] us": both ends in the one unit that suits the larger.
std::string human_interval(double low, double high, std::string_view unit);
// "30.0 to 46.2 us", for a sentence.
std::string human_range(double low, double high, std::string_view unit);
// "+1.2 %"; empty when there is no whole.
std::string human_share(double part, double whole);

}  // namespace userqsim
