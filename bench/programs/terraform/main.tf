# One resource for each binding of bindings.json; destroying it calls the API. Nothing is asked when it is created.

# A local is evaluated once; read in for_each itself, the file would be decoded anew for every resource.
locals {
  bindings = tomap({ for one in jsondecode(file("${path.module}/bindings.json")) :
  "${one.user}/${one.destination}/${one.computer}" => one })
}

resource "terraform_data" "binding" {
  for_each = local.bindings
  input    = each.value

  provisioner "local-exec" {
    when    = destroy
    command = <<-EOT
      curl --silent --show-error --fail --request DELETE --header "Authorization: Bearer $MBS_TOKEN" \
        --header 'Content-Type: application/json' --data "$PAIRS" "$MBS_ENDPOINT/api/Users/$MBS_USER/Computers"
    EOT
    environment = {
      MBS_USER = self.input.user
      PAIRS    = jsonencode([{ DestinationId = self.input.destination, ComputerName = self.input.computer }])
    }
  }
}
