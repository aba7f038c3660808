"""One file per command of ``movierec``; heavy imports happen inside the commands, so help is instant."""
