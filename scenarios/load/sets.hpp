// --set /json/pointer=value: changes to a scenario before it is read.
#pragma once

#include <string>

#include "scenarios/load/json_text.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {

// Sets one value in `document`. The value is JSON when it parses as JSON, else text. Objects on the way are
// created; array elements must exist. Throws InputError.
void apply_set(Json& document, const std::string& set);

// The same of a change whose value is JSON for certain. Throws InputError that says where it was asked for.
void apply_change(Json& document, const Change& change);

}  // namespace userqsim
