-- Gives other names to keys of ours that have values of another type, and
-- deletes the other keys if there is one.
--
-- KEYS[1]  and so on, the keys
--
-- ARGV[1]  and so on, their types
--
-- Returns a sentence for each key that had another type.

local sentences = {}
for index, key in ipairs(KEYS) do
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= ARGV[index] then
    local aside, count = key .. ':foreign', 1
    -- What was set aside before is somebody's, too.
    while redis.call('EXISTS', aside) == 1 do
      count = count + 1
      aside = key .. ':foreign:' .. count
    end
    redis.call('RENAME', key, aside)
    sentences[#sentences + 1] = 'the key ' .. key .. ' was a ' .. found ..
      ', and not a ' .. ARGV[index] .. '; its name is ' .. aside .. ' now'
  end
end
if #sentences > 0 then
  redis.call('DEL', unpack(KEYS))
end
return sentences
