-- A thousand uncacheable paths in turn: no two requests under way are alike, so that nothing is collapsed.
dofile((debug.getinfo(1, "S").source:sub(2):gsub("[^/]+$", "report.lua")))

local PATHS = 1000
local requests, turn = {}, 0

function init()
  for i = 1, PATHS do requests[i] = wrk.format("GET", "/miss/" .. i) end
end

function request()
  turn = turn % PATHS + 1
  return requests[turn]
end
