#include "scenarios/load/study_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/core/ensure.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {
namespace {

const std::vector<std::string> key_columns{"scenario", "point", "policy", "rep"};

bool is_factor_name(std::string_view name) {
  if (name.empty() || name.size() > 60 || name.front() < 'a' || name.front() > 'z') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

// Whether one is the other, or lies within it.
bool overlap(const std::string& a, const std::string& b) {
  const std::string& shorter = a.size() < b.size() ? a : b;
  const std::string& longer = a.size() < b.size() ? b : a;
  return longer.starts_with(shorter) && (longer.size() == shorter.size() || longer[shorter.size()] == '/');
}

LevelKind kind_of_all(const std::vector<Level>& levels) {
  const LevelKind first = levels.front().kind;
  return std::all_of(levels.begin(), levels.end(), [first](const Level& l) { return l.kind == first; })
             ? first
             : LevelKind::other;
}

}  // namespace

StudyPoints::StudyPoints(const StudyDocument& study, std::uint64_t seed, const Place& root)
    : study_(study), grid_(study.design == DesignKind::grid) {
  if (grid_ && study.samples)
    root.at("samples").fail("a grid has every combination; give a sampled design, or leave it out");
  if (!grid_ && !study.samples) root.at("design").fail("a sampled design needs samples, its number of points");
  read_factors(root);
  check_pointers(root);
  name_columns(root);
  group(root);
  read_constraints(root);
  if (grid_) {
    lay_out_grid(root);
  } else {
    lay_out_sample(seed, root);
  }
  keep_what_is_allowed(root);
}

std::vector<Level> StudyPoints::at(std::uint64_t point) const {
  ensure(point < size(), "a point of the study");
  return levels(keeps_all_ ? point : kept_[point]);
}

void StudyPoints::read_factors(const Place& root) {
  const Place place = root.at("factors");
  if (study_.factors.empty()) place.fail("expected at least one factor, found none");
  for (std::size_t f = 0; f < study_.factors.size(); ++f) {
    factors_.push_back(read_factor(study_.factors[f], place.at(f)));
  }
}

StudyPoints::Factor StudyPoints::read_factor(const FactorSpec& spec, const Place& place) const {
  if (!is_factor_name(spec.name)) {
    place.at("name").fail(
        fmt::format("{} cannot name a column; allowed: a to z, 0 to 9 and _, 1 to 60 of them, a "
                    "letter first",
                    in_quotes(spec.name, 80)));
  }
  std::vector<std::string> given;
  if (spec.values) given.emplace_back("values");
  if (spec.range) given.emplace_back("range");
  if (spec.log_range) given.emplace_back("log_range");
  if (given.size() != 1) {
    place.fail(fmt::format("expected exactly one of values, range, log_range; found {}",
                           given.empty() ? "none" : joined(given)));
  }
  Factor factor;
  if (spec.values) {
    if (spec.values->empty()) place.at("values").fail("expected at least one value, found an empty array");
    for (const AnyValue& value : *spec.values) factor.list.push_back(level_of(value.json));
  } else {
    const LevelRange& range = spec.range ? *spec.range : *spec.log_range;
    const Place at = place.at(given.front());
    LevelLine line(range, spec.log_range.has_value(), at);
    if (grid_ && !range.count) at.fail("a grid needs count, the number of values");
    if (!grid_ && range.count) at.at("count").fail("a sampled design takes values from anywhere; leave it out");
    if (!grid_) factor.line.push_back(line);
    for (std::uint32_t i = 0; grid_ && i < *range.count; ++i) factor.list.push_back(line.at(i, *range.count));
  }
  std::map<std::string, const Json*> told;
  for (const Level& level : factor.list) {
    const auto [at, is_new] = told.emplace(identity_of(level.json), &level.json);
    if (is_new) continue;
    const std::string first = shown(*at->second);
    const std::string again = shown(level.json);
    place.at(given.front())
        .fail(first == again ? fmt::format("holds {} twice", first)
                             : fmt::format("{} and {} are one value", first, again));
  }
  return factor;
}

void StudyPoints::check_pointers(const Place& root) const {
  const auto refuse = [&](const std::string& pointer, const Place& place) {
    const auto is = [&](std::string_view key) { return overlap(pointer, std::string{key}); };
    if (is("/format") || is("/name")) place.fail("a study keeps the scenario's name and format");
    if (is("/order")) place.fail("an order has no times, and a run by the clock does not follow it");
    if (is("/seed")) place.fail("all points have one seed, the study's; set seed there");
    if (is("/policy") && !(study_.policies.empty() && study_.kernels.empty())) {
      place.fail("the study's policies or kernels take the place of this; leave one of them out");
    }
    if (is("/kernel") && !study_.kernels.empty()) {
      place.fail("the study's kernels take the place of this; leave one of them out");
    }
  };
  for (const auto& [pointer, value] : study_.set) refuse(pointer, root.at("set").at(pointer));
  for (std::size_t f = 0; f < study_.factors.size(); ++f) {
    const std::string& pointer = study_.factors[f].pointer;
    const Place place = root.at("factors").at(f).at("pointer");
    refuse(pointer, place);
    if (overlap(pointer, "/warm_up")) place.fail("a study measures from one time at all points");
    if (overlap(pointer, "/policy")) place.fail("policies are compared side by side; give them in policies");
    if (overlap(pointer, "/kernel")) place.fail("kernels are compared side by side; give them in kernels");
    for (const auto& [set, value] : study_.set) {
      if (overlap(pointer, set)) place.fail(fmt::format("{} is in set too", in_quotes(set, 120)));
    }
    for (std::size_t g = 0; g < f; ++g) {
      if (!overlap(pointer, study_.factors[g].pointer)) continue;
      place.fail(fmt::format("the factor {} changes {} too", in_quotes(study_.factors[g].name),
                             in_quotes(study_.factors[g].pointer, 120)));
    }
  }
}

void StudyPoints::name_columns(const Place& root) {
  std::set<std::string> taken(key_columns.begin(), key_columns.end());
  for (std::size_t f = 0; f < factors_.size(); ++f) {
    const Factor& factor = factors_[f];
    const std::string_view suffix =
        unit_suffix(factor.line.empty() ? kind_of_all(factor.list) : factor.line.front().kind());
    std::string name = study_.factors[f].name;
    if (!name.ends_with(suffix)) name += suffix;
    const Place place = root.at("factors").at(f).at("name");
    if (!taken.insert(name).second) place.fail(fmt::format("there is a column {} already", in_quotes(name)));
    columns_.push_back(std::move(name));
  }
}

std::size_t StudyPoints::factor_called(const std::string& name, const Place& place) const {
  std::vector<std::string> names;
  for (std::size_t f = 0; f < study_.factors.size(); ++f) {
    if (study_.factors[f].name == name) return f;
    names.push_back(study_.factors[f].name);
  }
  place.fail(unknown_name("factor", name, names));
}

// A dimension is a factor, or several that go together; it stands where its first factor stands.
void StudyPoints::group(const Place& root) {
  std::vector<std::size_t> leader(factors_.size());
  for (std::size_t f = 0; f < factors_.size(); ++f) leader[f] = f;
  std::set<std::size_t> zipped;
  for (std::size_t z = 0; z < study_.zip.size(); ++z) {
    const Place place = root.at("zip").at(z);
    if (study_.zip[z].size() < 2) place.fail("expected two factors or more");
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < study_.zip[z].size(); ++i) {
      const std::size_t f = factor_called(study_.zip[z][i], place.at(i));
      if (!zipped.insert(f).second) place.at(i).fail("a factor goes together with others once");
      members.push_back(f);
    }
    const std::size_t values = factors_[members.front()].list.size();
    for (std::size_t i = 1; i < members.size(); ++i) {
      const std::size_t other = factors_[members[i]].list.size();
      if (other == values || other == 0 || values == 0) continue;
      place.at(i).fail(fmt::format("{} has {} values, {} has {}; what goes together has as many",
                                   in_quotes(study_.zip[z][i]), other, in_quotes(study_.zip[z][0]), values));
    }
    const std::size_t first = *std::min_element(members.begin(), members.end());
    for (const std::size_t f : members) leader[f] = first;
  }
  for (std::size_t f = 0; f < factors_.size(); ++f) {
    factors_[f].dimension = leader[f] == f ? dimensions_++ : factors_[leader[f]].dimension;
  }
}

void StudyPoints::read_constraints(const Place& root) {
  for (std::size_t c = 0; c < study_.constraints.size(); ++c) {
    const ConstraintSpec& spec = study_.constraints[c];
    const Place place = root.at("constraints").at(c);
    if (spec.other.has_value() == spec.value.has_value()) {
      place.fail(
          fmt::format("expected exactly one of other, value; found {}", spec.other ? "other, value" : "none"));
    }
    Constraint constraint;
    constraint.relation = spec.relation;
    constraint.place = place;
    constraint.factor = factor_called(spec.factor, place.at("factor"));
    constraint.against_value = spec.value.has_value();
    if (spec.other) constraint.other = factor_called(*spec.other, place.at("other"));
    if (spec.value) constraint.value = level_of(spec.value->json);
    constraints_.push_back(std::move(constraint));
  }
}

// The first dimension varies slowest.
void StudyPoints::lay_out_grid(const Place& root) {
  sizes_.assign(dimensions_, 0);
  for (const Factor& factor : factors_) sizes_[factor.dimension] = factor.list.size();
  Wide product = 1;
  for (const std::uint64_t size : sizes_) {
    product *= static_cast<Wide>(size);
    if (product > static_cast<Wide>(study_points_max)) {
      root.at("factors").fail(fmt::format("more than {} points", study_points_max));
    }
  }
  raw_size_ = static_cast<std::uint64_t>(product);
}

void StudyPoints::lay_out_sample(std::uint64_t seed, const Place& root) {
  const std::size_t samples = *study_.samples;
  if (dimensions_ > sobol_dimensions_max) {
    root.at("factors").fail(fmt::format("more than {} of them to sample", sobol_dimensions_max));
  }
  sample_ = study_.design == DesignKind::sobol ? sobol_sequence(samples, dimensions_)
                                               : latin_hypercube(seed, samples, dimensions_);
  raw_size_ = samples;
}

void StudyPoints::keep_what_is_allowed(const Place& root) {
  if (constraints_.empty()) return;
  keeps_all_ = false;
  for (std::uint64_t raw = 0; raw < raw_size_; ++raw) {
    const std::vector<Level> at = levels(raw);
    const bool keep = std::all_of(constraints_.begin(), constraints_.end(), [&](const Constraint& c) {
      return holds(at[c.factor], c.relation, c.against_value ? c.value : at[c.other], c.place);
    });
    if (keep) kept_.push_back(raw);
  }
  if (kept_.empty()) root.at("constraints").fail("no point is left");
}

std::vector<Level> StudyPoints::levels(std::uint64_t raw) const {
  std::vector<std::uint64_t> index(dimensions_, 0);
  std::uint64_t rest = raw;
  for (std::size_t d = sizes_.size(); d-- > 0;) {
    index[d] = rest % sizes_[d];
    rest /= sizes_[d];
  }
  std::vector<Level> all;
  all.reserve(factors_.size());
  for (const Factor& factor : factors_) {
    if (grid_) {
      all.push_back(factor.list[index[factor.dimension]]);
      continue;
    }
    const std::uint64_t unit = sample_[raw][factor.dimension];
    if (!factor.line.empty()) {
      all.push_back(factor.line.front().at(unit));
    } else {
      const Wide chosen = (static_cast<Wide>(unit) * static_cast<Wide>(factor.list.size())) >> 64U;
      all.push_back(factor.list[static_cast<std::size_t>(chosen)]);
    }
  }
  return all;
}

}  // namespace userqsim
