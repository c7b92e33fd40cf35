#include "scenarios/cli/usage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "scenarios/load/place.hpp"

namespace userqsim {
namespace {

constexpr std::size_t most_shown = 80;

// The subcommand that was entered last.
const CLI::App& innermost(const CLI::App& app) {
  const CLI::App* inner = &app;
  while (!inner->get_subcommands().empty()) inner = inner->get_subcommands().back();
  return *inner;
}

// "userqsim graph jobs".
std::string whole_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : whole_name(*app.get_parent()) + " " + app.get_name();
}

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* subcommand : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(subcommand->get_name());
  }
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// What was not understood: the first argument that belongs to nothing; empty when there is none.
std::string first_extra(const CLI::App& app) {
  for (const std::string& argument : app.remaining(true)) {
    if (argument != "--") return argument;
  }
  return {};
}

// The parser's own words, in those of the other messages where they differ most.
std::string reworded(const CLI::ParseError& error) {
  std::string text = error.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  const std::string name = text.substr(0, text.find(':'));
  const auto holds = [&text](std::string_view part) { return text.find(part) != std::string::npos; };
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    if (holds(" missing")) return name + ": its value is missing";
    if (holds(": At Most 1 ")) return name + ": given more than once";
  }
  constexpr std::string_view flag = "Could not convert: --";
  if (text.starts_with(flag)) {
    return fmt::format("{}: a flag takes no value",
                       text.substr(flag.size() - 2, text.find(" = ") - flag.size() + 2));
  }
  return text;
}

std::string message_without_help(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& inner = innermost(app);
  const std::vector<std::string> subcommands = subcommand_names(inner);
  const std::string extra = first_extra(app);
  const bool is_required = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  const bool is_extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  if ((is_extra || is_required) && extra.size() > 1 && extra.front() == '-') {
    return unknown_name("option", extra.substr(0, extra.find('=')), option_names(inner));
  }
  if ((is_extra || is_required) && !extra.empty() && !subcommands.empty()) {
    return unknown_name("subcommand", extra, subcommands);
  }
  if (is_extra) return fmt::format("{} is one argument too many", in_quotes(extra, most_shown));
  if (is_required && !subcommands.empty()) {
    return fmt::format("a subcommand is missing; allowed: {}", joined(subcommands));
  }
  return reworded(error);
}

}  // namespace

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

CLI::Validator one_of(const std::string& noun, std::vector<std::string> allowed) {
  const auto check = [noun, allowed = std::move(allowed)](std::string& text) {
    const bool known = std::find(allowed.begin(), allowed.end(), text) != allowed.end();
    return known ? std::string{} : unknown_name(noun, text, allowed);
  };
  return {check, ""};
}

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  const auto check = [least, most](std::string& text) -> std::string {
    std::uint64_t number = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, number);
    if (!text.empty() && error == std::errc{} && end == last && number >= least && number <= most) return {};
    return fmt::format("found {}; allowed: a whole number from {} to {}", in_quotes(text, most_shown), least, most);
  };
  return {check, ""};
}

CLI::Validator not_empty(const std::string& what) {
  const auto check = [what](std::string& text) {
    return text.empty() ? fmt::format("found \"\"; allowed: {}", what) : std::string{};
  };
  return {check, ""};
}

std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
  return fmt::format("{}; see {} --help", message_without_help(app, error), whole_name(innermost(app)));
}

}  // namespace userqsim
