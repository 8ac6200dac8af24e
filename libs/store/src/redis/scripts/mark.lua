-- Names a partition in the registry, to be looked at from now on. KEYS: registry. ARGV: partition.
-- Times are microseconds: even ones are written here and by commit.lua, odd ones by next.lua and postpone.lua.
local t = redis.call('TIME')
redis.call('ZADD', KEYS[1], string.format('%.0f', 2 * math.floor((t[1] * 1000000 + t[2]) / 2)), ARGV[1])
return 1
