// Boost.Math computes in double, and not in long double as it would by itself: that has other widths on other
// machines, and less of it under valgrind.
#pragma once

#include <boost/math/policies/policy.hpp>

namespace userqsim {

using InDouble = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

}  // namespace userqsim
