// Logarithm and exponential that give the same bits on every machine. libm's differ between versions and even
// between CPUs (it picks code by CPU), and a random draw's last bit decides which of two events comes first.
//
// Only IEEE + - * / and exact bit operations are used, in a fixed order; the project is compiled with
// -ffp-contract=off, which this relies on. The error is below 1 ulp (tests/unit/sim_math_test.cpp).
#pragma once

namespace userqsim {

// The natural logarithm. REQUIRES: x > 0 and finite (subnormals included); throws InvariantError otherwise.
double portable_log(double x);

// e^x. Overflows to infinity and underflows to zero as exp does; in the subnormal range the error is below 1 ulp of
// the result's own spacing. REQUIRES: x is not a NaN; throws InvariantError otherwise.
double portable_exp(double x);

}  // namespace userqsim
