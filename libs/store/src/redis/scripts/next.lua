-- The partition that has waited longest to be looked at; others will look at it again when the claim must have run
-- out. KEYS: registry. ARGV: length of the claim in milliseconds. Answers partition and its new time, or nil.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local due = redis.call('ZRANGE', KEYS[1], '-inf', string.format('%.0f', now), 'BYSCORE', 'LIMIT', 0, 1)[1]
if not due then return false end
-- A millisecond early, because the claim, which is about to be made, ends at the beginning of one.
local again = string.format('%.0f', 2 * math.floor((now + ARGV[1] * 1000 - 1000) / 2) + 1)
redis.call('ZADD', KEYS[1], again, due)
return {due, again}
