local verb = "resume"

-- Ask Serin once, about the revision that is under test or was rolled back. A second click on the same object in the same
-- second has the same id, and Serin carries an id out once. The string library is not there, and no value needs escaping.
local os = require("os")
local status = obj.status or {}
local revision = status.rolledBackRevision or ""
if status.candidate ~= nil then
  revision = status.candidate.revision or ""
end
local id = "argocd-" .. verb .. "-" .. (obj.metadata.resourceVersion or "0") .. "-" .. os.time()

if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["serin.dev/command"] =
  '{"id":"' .. id .. '","verb":"' .. verb .. '","revision":"' .. revision .. '","by":"argocd"}'
return obj
