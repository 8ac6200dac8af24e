-- Counts and judges a hit in windows of one partition. KEYS: the windows. ARGV, for each: period, limit, cost,
-- 'always' or 'allowed'. A window is stored as "<number of the fixed window> <its count> <count of the one before>".
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local windows, all = {}, true
for i, at in ipairs(KEYS) do
  local period, limit, cost = tonumber(ARGV[4 * i - 3]), tonumber(ARGV[4 * i - 2]), tonumber(ARGV[4 * i - 1])
  local number = math.floor(now / period)
  local elapsed = now - number * period
  local current, previous = 0, 0
  local stored = redis.call('GET', at)
  if stored then
    local n, c, p = string.match(stored, '^(%d+) (%d+) (%d+)$')
    n, c, p = tonumber(n), tonumber(c), tonumber(p)
    if not n then return redis.error_reply('SPDAMAGED ' .. at) end
    if n >= number then
      -- Later than now: the store's clock was set back. What was counted stays counted.
      number, current, previous = n, c, p
    elseif n == number - 1 then
      previous = c
    end
  end
  -- The expression of windows.ts, in its order.
  if (current + cost) + previous * (period - elapsed) / period > limit then all = false end
  windows[i] = {at, number, current, previous, elapsed, period, cost, ARGV[4 * i] == 'always'}
end
local answer = {}
for i, window in ipairs(windows) do
  local at, number, current, previous, elapsed, period, cost, always = unpack(window)
  local counted = always or all
  if counted and cost > 0 then
    current = current + cost
    local value = string.format('%.0f %.0f %.0f', number, current, previous)
    redis.call('SET', at, value, 'PX', string.format('%.0f', (number + 2) * period - now))
  end
  answer[4 * i - 3] = current
  answer[4 * i - 2] = previous
  answer[4 * i - 1] = elapsed
  answer[4 * i] = counted and 1 or 0
end
return answer
