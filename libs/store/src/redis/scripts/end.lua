-- Removes delivered messages and ends a claim. KEYS: list, mark, claim. ARGV: name of the claim, how many, a nonce.
-- Answers how many messages are left (none: the mark says so, as in claim.lua), or -1 when the claim had run out.
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return -1 end
redis.call('LTRIM', KEYS[1], ARGV[2], -1)
redis.call('DEL', KEYS[3])
local left = redis.call('LLEN', KEYS[1])
if left == 0 then redis.call('SET', KEYS[2], 'u:' .. ARGV[3], 'PX', 3600000) end
return left
