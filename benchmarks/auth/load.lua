-- The request wrk sends is described by the environment, so that one script serves all of them.
-- {n} in BODY becomes a number of the request's own.
wrk.method = os.getenv("METHOD")
wrk.headers["Cookie"] = os.getenv("COOKIE")
local body = os.getenv("BODY")
if body then
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = body
  if body:find("{n}", 1, true) then
    local n = 0
    request = function()
      n = n + 1
      return wrk.format(nil, nil, nil, (body:gsub("{n}", n)))
    end
  end
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "failed": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
