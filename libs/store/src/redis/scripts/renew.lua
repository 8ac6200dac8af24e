-- Prolongs a lease. KEYS: lease, fence. ARGV: token, time to live. 1 if it was still held under that token.
local held = redis.call('GET', KEYS[1])
if not held or string.match(held, '^(%d+):') ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], string.format('%.0f', ARGV[2] + 2592000000))
return 1
