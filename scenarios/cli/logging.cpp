#include "scenarios/cli/logging.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>
#include <mutex>

#include "results/record/output_error.hpp"
#include "scenarios/cli/fact_text.hpp"
#include "scenarios/cli/terminal.hpp"

namespace userqsim {

void start_logging(const std::string& level, const std::string& file) {
  try {
    std::shared_ptr<spdlog::logger> logger =
        file.empty() ? spdlog::stderr_logger_mt("userqsim") : spdlog::basic_logger_mt("userqsim", file, true);
    // A disk may be full for as long as the run takes; once is enough, and results do not depend on the log.
    logger->set_error_handler([told = std::make_shared<std::once_flag>()](const std::string& reason) {
      std::call_once(*told, [&] { say(fmt::format("userqsim: cannot write the log: {}", reason)); });
    });
    logger->set_level(spdlog::level::from_str(level));
    logger->set_pattern("%L %v");  // no colour, no wall clock: two logs of one run compare
    spdlog::set_default_logger(std::move(logger));
  } catch (const spdlog::spdlog_ex& error) {
    throw OutputError(OutputFault::path, fmt::format("--log-file: {}", error.what()));
  }
}

void end_logging() { spdlog::default_logger()->flush(); }

bool logs_facts() { return spdlog::should_log(spdlog::level::debug); }

void log_info(const std::string& message) { spdlog::info("{}", message); }

void log_facts_of(Machine& machine, const Cell& cell) {
  const std::string run =
      fmt::format("{}/{}{}", cell.policy, cell.replication, cell.variant == "base" ? "" : "/" + cell.variant);
  machine.probes().each([&](auto& probe) {
    probe.subscribe([run, names = FactNames{machine.layout()}](const auto& fact) {
      spdlog::debug("{} {:>13} {}", run, fact_time(fact), names.text(fact));
    });
  });
}

}  // namespace userqsim
