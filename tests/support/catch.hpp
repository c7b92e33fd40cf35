// Catch2, version 3 where it is installed and version 2 (Debian 12) otherwise. Tests include this and nothing else
// of Catch2.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;  // version 2 declares it globally itself
#else
#include <catch2/catch.hpp>
#endif
