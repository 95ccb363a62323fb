/* A plugin for a version of MLIR's plugin interface that does not exist yet. */
#include <stdint.h>

struct plugin_info {
  uint32_t api_version;
  const char *name, *version;
  void (*register_dialects)(void *registry);
};

__attribute__((visibility("default"))) struct plugin_info
mlirGetDialectPluginInfo(void) {
  struct plugin_info info = {99, "future", "1", 0};
  return info;
}
