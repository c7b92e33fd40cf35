// SIGINT and SIGTERM as a flag that long work polls. A second signal ends the program at once.
#pragma once

#include <atomic>

namespace userqsim {

void install_signal_handlers();

// True once a signal has come; a time-out may set it too, to stop the machines.
std::atomic<bool>* interrupt_flag();

// The signal that came, or 0.
int received_signal();

}  // namespace userqsim
