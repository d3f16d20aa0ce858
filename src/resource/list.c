/* resource/list.c - the reply of an administrator's list. */
#include "config.h"

#include "resource/list.h"

bool data_page_reply(struct call *call, const struct page_out *page, const char *what)
{
	const struct data_page data = { (int64_t)page->rows.n, *page };

	return call_reply(call, &(struct data_reply){
		.success = true, .data = &data,
		.message = arena_printf(call->req->arena, "%zu %s%s on this page", page->rows.n, what,
					page->rows.n == 1 ? "" : "s"),
	});
}
