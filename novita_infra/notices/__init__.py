"""What happens in a run, as one document for programs outside of novita-infra. Nothing is run or sent here."""
