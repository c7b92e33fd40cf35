// 128-bit integers for products that must not overflow or round, and for keys of several fields. Supported by g++
// and clang on every 64-bit machine; kept behind one name because the standard has none.
#pragma once

namespace userqsim {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

}  // namespace userqsim
