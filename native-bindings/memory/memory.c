/*
 * What Node cannot ask of the C library about memory: see README.md. glibc only.
 */
#include <stdlib.h>

#include <node_api.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* trim(): malloc_trim(3) with no reserve. Whether anything was given back. */
static napi_value trim(napi_env env, napi_callback_info info) {
  napi_value result;
  (void)info;
#ifdef __GLIBC__
  return napi_get_boolean(env, malloc_trim(0) != 0, &result) == napi_ok ? result : NULL;
#else
  return napi_get_boolean(env, 0, &result) == napi_ok ? result : NULL;
#endif
}

NAPI_MODULE_INIT() {
  napi_property_descriptor properties[] = {{"trim", NULL, trim, NULL, NULL, NULL, napi_enumerable, NULL}};
  napi_define_properties(env, exports, sizeof properties / sizeof properties[0], properties);
  return exports;
}
