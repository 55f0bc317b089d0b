# Stands for the file that describes the extension to Slicer: what its CMakeLists.txt says, one entry a line.
file(WRITE ${CMAKE_BINARY_DIR}/extension.txt "NAME|${PROJECT_NAME}\n")
foreach(key HOMEPAGE CATEGORY CONTRIBUTORS DESCRIPTION ICONURL SCREENSHOTURLS DEPENDS LICENSE_FILE)
  file(APPEND ${CMAKE_BINARY_DIR}/extension.txt "${key}|${EXTENSION_${key}}\n")
endforeach()
