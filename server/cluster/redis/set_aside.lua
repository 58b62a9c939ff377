-- Gives other names to keys of ours that have values of another type.
--
-- KEYS[1]  and so on, the keys
--
-- ARGV[1]  and so on, their types
--
-- Returns, for each key that had another type, in turn: the key, that type, the
-- type that it was to have, and the new name.

local reply = {}
for index, key in ipairs(KEYS) do
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= ARGV[index] then
    local aside = key .. ':foreign'
    redis.call('RENAME', key, aside)
    for _, text in ipairs({ key, found, ARGV[index], aside }) do
      reply[#reply + 1] = text
    end
  end
end
return reply
