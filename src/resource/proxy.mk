# Requests that nginx sends on to providers: the files of each layer.
libop_a_SOURCES += include/op/proxy.h src/op/proxy.c
libresource_a_SOURCES += src/resource/proxy.c
libcmd_a_SOURCES += include/cmd/nginx_proxy.h src/cmd/nginx_proxy.c src/cmd/nginx_providers.c
