# Writes a source file that holds the files of a folder.
#
#   cmake -DFOLDER=<folder> -DOUTPUT=<file.cc> -P embed.cmake
file(GLOB_RECURSE paths RELATIVE ${FOLDER} ${FOLDER}/*)
set(arrays)
set(entries)
set(number 0)
foreach(path IN LISTS paths)
  file(READ ${FOLDER}/${path} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays
    "const unsigned char kFile${number}[] = {${bytes}0};\n")
  string(APPEND entries
    "      {\"${path}\", View(kFile${number}, sizeof(kFile${number}) - 1)},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}.new "// Made by the build.
#include \"services/gateway/web/page_files.h\"

namespace airlock::gateway {
namespace {

${arrays}
absl::string_view View(const unsigned char* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

const std::vector<EmbeddedFile>& EmbeddedFiles() {
  static const auto* const files = new std::vector<EmbeddedFile>{
${entries}  };
  return *files;
}

}  // namespace airlock::gateway
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
