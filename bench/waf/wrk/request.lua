-- An ordinary GET, or a POST of a form of 10 KB: args are get or post, new or again, and a seed.
-- With new no value of the query, of the form's every fourth word or of one cookie ever comes again.
dofile((debug.getinfo(1, "S").source:sub(2):gsub("[^/]+$", "../../peers/wrk/report.lua")))

local HEAD = table.concat({
  "Host: www.example.com",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Encoding: gzip, deflate, br",
  "Accept-Language: en-US,en;q=0.9",
}, "\r\n")
local TEXT = {}
for word in ("the quick brown fox jumps over a lazy dog and runs away from all that noise in town"):gmatch("%a+") do
  TEXT[#TEXT + 1] = word
end
local DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
local FIELDS, FIELD_BYTES = 20, 500

local post, fresh = false, false
-- Little is done for a request: what wrk takes of a core's caches would be counted as the server's.
local serial, mark, used = 0, DIGITS:sub(1, 8), 0

local function begin()
  if not fresh then return end
  serial = serial + 1
  mark = string.format("%08x", (serial * 2654435761) % 4294967296)
  used = 0
end

local function word(length)
  if not fresh then return DIGITS:sub(1, length) end
  used = used + 1
  if length <= 8 then return used .. mark:sub(1, length - 1) end
  return used .. mark .. DIGITS:sub(1, length - 9)
end

local function form()
  local fields = {}
  for field = 1, FIELDS do
    local words, bytes = {}, 0
    while bytes < FIELD_BYTES do
      local at = #words
      words[at + 1] = at % 4 == 0 and word(6) or TEXT[(at * 7 + field) % #TEXT + 1]
      bytes = bytes + #words[at + 1] + 1
    end
    fields[field] = "field" .. field .. "=" .. table.concat(words, "+")
  end
  return table.concat(fields, "&")
end

function init(args)
  post, fresh = args[1] == "post", args[2] == "new"
  serial = tonumber(args[3]) * 10000000
end

function request()
  begin()
  local target = (post and "/form" or "/hit/1k") .. "?category=" .. word(8) .. "&page=" .. (fresh and serial or 1)
    .. "&sort=price+" .. word(8) .. "&q=blue%20" .. word(9)
  local head = " HTTP/1.1\r\n" .. HEAD .. "\r\nCookie: session=" .. word(24) .. "; theme=dark; lang=en-US\r\n"
  if not post then return "GET " .. target .. head .. "\r\n" end
  local body = form()
  return "POST " .. target .. head .. "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
    .. #body .. "\r\n\r\n" .. body
end
