// SIGINT, SIGTERM and SIGHUP as a flag that long work polls. A second signal ends the program at once. A SIGHUP
// that is ignored (nohup) stays so.
#pragma once

#include <atomic>

namespace userqsim {

void install_signal_handlers();

// True once a signal has come; a time-out may set it too, to stop the machines.
std::atomic<bool>* interrupt_flag();

// The signal that came, or 0.
int received_signal();

}  // namespace userqsim
