/* main.c - hands argv to the command tables, nothing else. */
#include "config.h"

#include "cmd/tables.h"

int main(int argc, char **argv)
{
	return cmd_main(cmd_tables, argc, argv);
}
