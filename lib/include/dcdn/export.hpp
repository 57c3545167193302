// dcdn/export.hpp - marks what libdcdn.so exports; everything else is hidden.
#pragma once
#define DCDN_API __attribute__((visibility("default")))
