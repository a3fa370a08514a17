// One entry of a directory, as file_list tells it.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

namespace airlock::runner {

// A JSON object and a newline: name, nameBase64 if the name is not UTF-8, type,
// size, mode, mtimeMs, and target of a symbolic link. Pure.
std::string EntryLine(std::string_view name, const struct stat& status,
                      std::string_view target);

// `text` as a JSON string, its quotes included. Each byte that is not part of
// well-formed UTF-8 becomes U+FFFD; `lossy` says whether there was one. Pure.
std::string JsonString(std::string_view text, bool& lossy);

// RFC 4648, with padding. Pure.
std::string Base64(std::string_view bytes);

}  // namespace airlock::runner
