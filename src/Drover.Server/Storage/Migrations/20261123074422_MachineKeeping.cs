using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Drover.Server.Storage.Migrations
{
    /// <inheritdoc />
    public partial class MachineKeeping : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "DeleteAt",
                table: "machines",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "Protected",
                table: "machines",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.CreateIndex(
                name: "IX_machines_DeleteAt",
                table: "machines",
                column: "DeleteAt");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_machines_DeleteAt",
                table: "machines");

            migrationBuilder.DropColumn(
                name: "DeleteAt",
                table: "machines");

            migrationBuilder.DropColumn(
                name: "Protected",
                table: "machines");
        }
    }
}
