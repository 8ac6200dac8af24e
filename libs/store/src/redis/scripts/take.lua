-- Takes a lease. KEYS: lease, fence. ARGV: time to live, name of the holder. Answers the fencing token, or nil.
-- The same holder asking again (an answer was lost) gets the same token.
local held = redis.call('GET', KEYS[1])
if held then
  local token, holder = string.match(held, '^(%d+):(.+)$')
  if not token then return redis.error_reply('SPDAMAGED ' .. KEYS[1]) end
  return holder == ARGV[2] and token
end
local last = redis.call('GET', KEYS[2])
if last and (#last > 16 or not string.match(last, '^%d+$')) then return redis.error_reply('SPDAMAGED ' .. KEYS[2]) end
-- Microseconds, unless that isn't more than the last: so tokens grow even if the last one was lost with a failed master.
local t = redis.call('TIME')
local token = t[1] * 1000000 + t[2]
if last and tonumber(last) >= token then token = tonumber(last) + 1 end
token = string.format('%.0f', token)
redis.call('SET', KEYS[1], token .. ':' .. ARGV[2], 'PX', ARGV[1])
-- Kept for 30 days behind the lease; longer only matters to a holder who slept that long while the clock went back.
redis.call('SET', KEYS[2], token, 'PX', string.format('%.0f', ARGV[1] + 2592000000))
return token
