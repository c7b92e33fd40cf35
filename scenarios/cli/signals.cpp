#include "scenarios/cli/signals.hpp"

#include <csignal>
#include <initializer_list>

namespace userqsim {
namespace {

// The program's only globals: a signal handler reaches nothing else.
volatile std::sig_atomic_t signal_number = 0;
std::atomic<bool> interrupted = false;

void on_signal(int number) {
  signal_number = number;
  interrupted = true;
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    sigaction(number, nullptr, &before);
    const bool by_nohup = number == SIGHUP && before.sa_handler == SIG_IGN;
    if (!by_nohup) sigaction(number, &action, nullptr);
  }
  // A reader of stdout that leaves early is an error of write(), not the end of the program.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigemptyset(&ignore.sa_mask);
  sigaction(SIGPIPE, &ignore, nullptr);
  sigaction(SIGXFSZ, &ignore, nullptr);  // a file that may not grow further is an error of its write
}

std::atomic<bool>* interrupt_flag() { return &interrupted; }

int received_signal() { return signal_number; }

}  // namespace userqsim
