-- Arguments: how many requests stand in one write, and a body to POST if there is one.
-- The last line it prints is for `run`: answers, microseconds, and answers that were not 2xx.

local ffi = require("ffi")
ffi.cdef("typedef struct { long s, us; } bench_time; int gettimeofday(bench_time *, void *);")

local function now()
  local time = ffi.new("bench_time")
  ffi.C.gettimeofday(time, nil)
  return tonumber(time.s) * 1e6 + tonumber(time.us)
end

local threads = {}
function setup(thread) table.insert(threads, thread) end

function init(args)
  local depth, body = tonumber(args[1]), args[2]
  if body then
    wrk.method, wrk.body = "POST", body
    wrk.headers["Content-Type"] = "application/json"
    -- Answers that come in waves: the time after the last of them is no part of the rate.
    begun = now()
    function response() last = now() end
  end
  local requests = {}
  for i = 1, depth do requests[i] = wrk.format() end
  local text = table.concat(requests)
  function request() return text end
end

function done(summary)
  local bad = summary.errors
  local failed = bad.status + bad.connect + bad.read + bad.write + bad.timeout
  local begun, last = threads[1]:get("begun"), threads[1]:get("last")
  local spent = last and last - begun or summary.duration
  io.write(string.format("%d %d %d\n", summary.requests, spent, failed))
end
