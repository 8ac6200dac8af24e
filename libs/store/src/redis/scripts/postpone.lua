-- Has a partition looked at in so many milliseconds. KEYS: registry. ARGV: partition, milliseconds.
local t = redis.call('TIME')
local at = 2 * math.floor((t[1] * 1000000 + t[2] + ARGV[2] * 1000 - 1000) / 2) + 1
redis.call('ZADD', KEYS[1], 'XX', string.format('%.0f', at), ARGV[1])
return 1
