-- load.lua - what wrk does in tests/bench/verify: the next key with each
-- request; at the end one line of JSON.
--
--     wrk ... -s load.lua URL -- KEYS [count]
--
-- KEYS is a file with a key a line. count: how many threads got no answer at
-- all, and which bad ones came; with as many threads as connections that is
-- each client, exactly. Without it answers are not looked at, which costs the
-- least.
local threads = {}

function setup(thread)
	thread:set("first", #threads)
	table.insert(threads, thread)
end

function init(args)
	local keys = {}
	for key in io.lines(args[1]) do keys[#keys + 1] = key end
	requests, at, answered, bad = {}, 0, 0, {}
	-- threads start far from each other: 617 has no factor in common with 1000;
	-- where there are hundreds of threads, each has a few keys
	for i = 1, math.min(#keys, args[2] == "count" and 10 or #keys) do
		wrk.headers["X-API-Key"] = keys[(first * 617 + i) % #keys + 1]
		requests[i] = wrk.format("GET")
	end
	if args[2] == "count" then
		function response(status)
			answered = answered + 1
			if status < 200 or status > 299 then
				local name = "status " .. status
				bad[name] = (bad[name] or 0) + 1
			end
		end
	end
end

function request()
	at = at % #requests + 1
	return requests[at]
end

function done(summary, latency)
	local starved, bad, parts, e = 0, {}, {}, summary.errors
	for _, thread in ipairs(threads) do
		if thread:get("answered") == 0 then starved = starved + 1 end
		for name, n in pairs(thread:get("bad")) do bad[name] = (bad[name] or 0) + n end
	end
	for name, n in pairs(bad) do parts[#parts + 1] = string.format('"%s":%d', name, n) end
	io.write(string.format('\n{"requests":%d,"us":%d,"p50_us":%d,"p99_us":%d,"max_us":%d,"non2xx":%d,' ..
		'"broken":%d,"timeout":%d,"starved":%d,"bad":{%s}}\n', summary.requests, summary.duration,
		latency:percentile(50), latency:percentile(99), latency.max, e.status,
		e.connect + e.read + e.write, e.timeout, starved, table.concat(parts, ",")))
end
