// repeat_window.hpp - the window lives in wire, where the store can reach it too; this is its name here.
#pragma once
#include "wire/repeat_window.hpp"

namespace dcdn::pipeline {

using wire::kRepeatWindow;
using wire::RepeatWindow;

}  // namespace dcdn::pipeline
