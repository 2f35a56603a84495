# For conftest or `opa eval`. Written for Terraform's plans; it does not know novita-infra.
package main

import rego.v1

# Types that hold data.
lasting := {"network_storage", "aws_ebs_volume", "google_compute_disk"}

deny contains msg if {
	some resource in input.resource_changes
	"delete" in resource.change.actions
	resource.type in lasting
	msg := sprintf("%s holds data and would be deleted", [resource.address])
}

warn contains msg if {
	made := [resource.address | some resource in input.resource_changes; "create" in resource.change.actions]
	count(made) > 10
	msg := sprintf("%d resources are created at once", [count(made)])
}
