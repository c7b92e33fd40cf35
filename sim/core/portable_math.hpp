// Logarithm and exponential that give the same bits on every machine. libm's differ between versions and even
// between CPUs (it picks code by CPU), and a random draw's last bit decides which of two events comes first.
//
// Only IEEE + - * / and exact bit operations are used, in a fixed order; the project is compiled with
// -ffp-contract=off, which this relies on. The error is below 1 ulp (tests/unit/sim_math_test.cpp).
#pragma once

namespace userqsim {

// The natural logarithm. REQUIRES: x > 0 and finite (subnormals included); throws InvariantError otherwise.
double portable_log(double x);

// The natural logarithm in half the time and, compared with portable_log(), off by less than quick_log_error: for
// who rounds the result anyway, and asks portable_log() where that much decides. The same bits on every machine
// too. REQUIRES: 2^-64 < x < 1.
double quick_log(double x);
constexpr double quick_log_error = 0x1p-44;

// e^x. Overflows to infinity and underflows to zero as exp does; in the subnormal range the error is below 1 ulp of
// the result's own spacing. REQUIRES: x is not a NaN; throws InvariantError otherwise.
double portable_exp(double x);

}  // namespace userqsim
