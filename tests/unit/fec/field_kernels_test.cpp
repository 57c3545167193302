#include "fec/field_kernels.hpp"

#include <gtest/gtest.h>

namespace dcdn::fec {
namespace {

TEST(FieldKernels, TheInstalledLibraryMultipliesAsTheFormatSays) {
  EXPECT_TRUE(multiplies_right(CoefficientTables()));
  EXPECT_TRUE(check_kernels());
}

// What a library does whose tables are others than we believe: most coefficients come out wrong, or one.
TEST(FieldKernels, OneOtherThatDoesNotIsNoticed) {
  CoefficientTables tables;
  tables.spoil(0x53);
  EXPECT_FALSE(multiplies_right(tables));
}

TEST(FieldKernels, ATableHasALengthThatTheLibraryIsKnownFor) {
  const std::size_t each = CoefficientTables().each();
  EXPECT_TRUE(each == 32 || each == 8) << each;
}

}  // namespace
}  // namespace dcdn::fec
