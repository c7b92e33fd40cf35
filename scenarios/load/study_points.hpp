// The points of a study: which value each factor has at each of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/load/level.hpp"
#include "scenarios/load/study_document.hpp"
#include "sim/stats/designs.hpp"

namespace userqsim {

class StudyPoints {
 public:
  // Checks the factors, their zips and constraints, and lays the design out. `seed` draws a Latin hypercube. Throws
  // InputError.
  StudyPoints(const StudyDocument& study, std::uint64_t seed, const Place& root);

  std::uint64_t size() const { return keeps_all_ ? raw_size_ : kept_.size(); }
  // One level a factor, in the factors' order. REQUIRES: point < size().
  std::vector<Level> at(std::uint64_t point) const;
  // One a factor: its name, with the unit where all its values are times, sizes or rates.
  const std::vector<std::string>& columns() const { return columns_; }

 private:
  struct Factor {
    std::vector<Level> list;      // values of a list, or of a range in a grid
    std::vector<LevelLine> line;  // one: a range in a sampled design
    std::size_t dimension = 0;
  };
  struct Constraint {
    std::size_t factor = 0;
    Relation relation = Relation::less;
    std::size_t other = 0;
    bool against_value = false;
    Level value;
    Place place;
  };

  void read_factors(const Place& root);
  Factor read_factor(const FactorSpec& spec, const Place& place) const;
  void check_pointers(const Place& root) const;
  void name_columns(const Place& root);
  void group(const Place& root);
  void read_constraints(const Place& root);
  void lay_out_grid(const Place& root);
  void lay_out_sample(std::uint64_t seed, const Place& root);
  void keep_what_is_allowed(const Place& root);
  std::vector<Level> levels(std::uint64_t raw) const;
  std::size_t factor_called(const std::string& name, const Place& place) const;

  const StudyDocument& study_;  // only while it is made
  bool grid_;
  std::vector<Factor> factors_;
  std::vector<std::string> columns_;
  std::size_t dimensions_ = 0;
  std::vector<std::uint64_t> sizes_;  // of a grid's dimensions
  std::vector<UnitPoint> sample_;
  std::uint64_t raw_size_ = 0;
  std::vector<Constraint> constraints_;
  bool keeps_all_ = true;
  std::vector<std::uint64_t> kept_;  // unless all: the raw numbers of the points
};

}  // namespace userqsim
