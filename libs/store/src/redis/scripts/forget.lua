-- Takes a partition out of the registry, unless anybody named or looked at it since. KEYS: registry.
-- ARGV: partition, its time as next.lua gave it.
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if at and tonumber(at) == tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1
